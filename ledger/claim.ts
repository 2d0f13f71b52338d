import type { RecordedStep } from "../api/wire.ts";
import { newToken } from "../lib/ids.ts";
import type { Json } from "../lib/json.ts";
import { bindingColumns, toBinding } from "./binding-rows.ts";
import { readBody } from "./bodies.ts";
import { revisionColumns, toRole } from "./catalog.ts";
import type { Runs } from "./ledger.ts";
import type { Ports } from "./ports.ts";
import { runColumns, toRun } from "./run-rows.ts";
import type { Row } from "./sql.ts";

type Claimed = Awaited<ReturnType<Runs["claim"]>>;

/**
 * Takes the oldest run of the binding whose turn it is and issues a token for this epoch of it. The token leaves the
 * ledger here and only here; the ledger keeps its hash. Answers undefined where nothing can be claimed now. Throws Recovering.
 */
export async function claim(
  { db, time, keys, audit }: Ports,
  worker: { readonly id: string; readonly gateway: string; readonly leaseMs: number },
): Promise<Claimed> {
  const { token, hash } = newToken("rst_");
  const found = await db.tx(
    async (tx) => {
      const now = time.now();
      const [taken] = await tx.query<{ run_id: string; epoch: bigint; more: boolean }>(
        "select * from claim_run($1, $2, $3, $4)",
        [now, worker.id, worker.gateway, now + worker.leaseMs],
      );
      if (!taken) return undefined;
      const [run] = await tx.query(`select ${runColumns} from runs r where r.id = $1`, [taken.run_id]);
      await tx.query(
        `insert into tokens (hash, kind, run_id, binding_uid, epoch, issued_at, expires_at) values ($1, 'run', $2, $3, $4, $5, $6)`,
        [hash, taken.run_id, run!.binding_uid, taken.epoch, now, run!.deadline],
      );
      const [binding] = await tx.query(`select ${bindingColumns} from bindings b where b.uid = $1`, [run!.binding_uid]);
      const [role] = await tx.query(
        `select ${revisionColumns} from revisions v where v.role_uid = $1 and v.revision = $2`,
        [run!.role_uid, run!.role_revision],
      );
      await audit.write(tx, {
        at: now,
        tenant: run!.tenant as string,
        principal: `worker ${worker.id}`,
        action: "claim",
        decision: "allow",
        reason: "Running",
        bindingUid: run!.binding_uid as string,
        runId: taken.run_id,
        facts: { epoch: Number(taken.epoch), gateway: worker.gateway },
      });
      tx.wake("runs");
      // A claim that ran at the same time skipped the lane that we had locked; it must look again.
      if (taken.more) tx.wake("queue");
      return { run: run!, binding: binding!, role: role! };
    },
    { first: "hold_pairing(), assert_paired()" },
  );
  if (!found) return undefined;
  return {
    run: await toRun(found.run, keys),
    token,
    binding: toBinding(found.binding),
    role: toRole(found.role),
    transcript: await transcript({ db, keys }, found.run.id as string, found.run.binding_uid as string),
  };
}

/** The complete steps of a run in order: what a worker that takes over must not do again. */
export async function transcript(
  { db, keys }: Pick<Ports, "db" | "keys">,
  runId: string,
  bindingUid: string,
): Promise<readonly RecordedStep[]> {
  const rows = await db.query(
    "select * from steps where run_id = $1 and complete and kind <> 'final' order by step, action",
    [runId],
  );
  if (rows.length === 0) return [];
  const key = await keys.get(bindingUid);
  return db.tx((tx) => readSteps(rows, (id) => readBody(tx, key, bindingUid, id as Buffer)), { content: [bindingUid] });
}

async function readSteps(rows: readonly Row[], open: (id: unknown) => Promise<Json>): Promise<readonly RecordedStep[]> {
  const recorded: RecordedStep[] = [];
  for (const row of rows) {
    const step = row.step as number;
    const request = await open(row.request);
    const response = row.response === null ? (row.refusal as Json) : await open(row.response);
    recorded.push(
      row.kind === "model"
        ? { kind: "model", step, request, response }
        : {
            kind: "tool",
            step,
            action: row.action as number,
            name: row.name as string,
            arguments: request,
            result: response as unknown as Extract<RecordedStep, { kind: "tool" }>["result"],
          },
    );
  }
  return recorded;
}
