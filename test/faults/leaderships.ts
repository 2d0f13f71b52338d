import type { Replicas } from "./replicas.ts";

/** What the ledger's audit says of leaderships: how many there were, and which effects bear an epoch that was over. */
export interface Leaderships {
  readonly elections: number;
  readonly stale: readonly { readonly action: string; readonly epoch: number }[];
  /** UID of each binding that was hired, as often as it was. */
  readonly hires: readonly string[];
}

/** Reads the rows in the order of their commits. Throws where an election does not follow the one before. */
export async function leaderships(roster: Replicas): Promise<Leaderships> {
  const rows = await roster.rows<{ action: string; epoch: string; binding_uid: string }>(
    "select action, facts->>'epoch' as epoch, binding_uid from audit where facts ? 'epoch' order by xid, id",
  );
  let epoch = 0;
  const stale: { action: string; epoch: number }[] = [];
  for (const { action, epoch: text } of rows) {
    const of = Number(text);
    if (action !== "lead") {
      if (of !== epoch) stale.push({ action, epoch: of });
      continue;
    }
    if (of !== epoch + 1) throw new Error(`epoch ${of} was elected after ${epoch}`);
    epoch = of;
  }
  const hires = rows.filter(({ action }) => action === "hire").map(({ binding_uid }) => binding_uid);
  return { elections: epoch, stale, hires };
}
