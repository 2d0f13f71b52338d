import { systemClock } from "../lib/clock.ts";
import type { Op, Permission, PermitOp, SettleOp } from "./combiner.ts";
import { draftPermit } from "./draft-permit.ts";
import { draftSettlement } from "./draft-settlement.ts";
import { Draft } from "./guard-draft.ts";
import { readAccounts, readCalls, readRequests } from "./guard-reads.ts";
import { authority, type Ports } from "./ports.ts";
import { literals } from "./sql.ts";

// The guard's statements reach everything by key. Planned once, so; and never as a scan or a hash of whole tables, which is
// what the planner prefers while they are small and then keeps when they have grown.
const plans = [
  "plan_cache_mode=force_generic_plan",
  "enable_seqscan=off",
  "enable_hashjoin=off",
  "enable_mergejoin=off",
]
  .map((setting) => setting.split("="))
  .map(([name, value]) => `set_config('${name}', '${value}', true)`)
  .join(", ");

/**
 * One guard transaction for many operations of one tenant: lock, read, decide in memory, write everything in one
 * statement, commit. Authority, journal, money and audit commit together or not at all.
 */
export async function runBatch(ports: Ports, batch: readonly Op[]): Promise<readonly (Permission | undefined)[]> {
  const { db, time, keys } = ports;
  const permits = batch.filter((op): op is PermitOp => op.kind === "permit");
  const settles = batch.filter((op): op is SettleOp => op.kind === "settle");
  const contentKeys = new Map<string, Buffer>();
  for (const { scope } of batch)
    if (!contentKeys.has(scope.bindingUid)) contentKeys.set(scope.bindingUid, await keys.get(scope.bindingUid));
  const tenant = batch[0]!.scope.tenant;
  const locks = batch.flatMap(({ scope }) => [authority.role(scope.roleUid), authority.binding(scope.bindingUid)]);
  const caps = permits.flatMap(({ scope, request }) => (request.cap ? [`${scope.payerId}/${request.cap.key}`] : []));
  const runs = [...new Set(batch.map(({ scope }) => scope.runId))];
  let draft: Draft | undefined;
  const outcomes = await db.tx(
    async (tx) => {
      const now = time.now();
      const known = permits.length > 0 ? await readRequests(tx, permits, now) : [];
      const calls = settles.length > 0 ? await readCalls(tx, settles) : new Map();
      const accounts = await readAccounts(tx, tenant, now, permits, calls);
      const drafted = new Draft(ports, tenant, now, accounts, contentKeys);
      for (const op of settles) draftSettlement(drafted, op, calls.get(op.callId));
      // Real time, as in the combiner: a lack of money is final once the wait for open holds is over.
      const final = systemClock.now();
      const permissions = new Map<Op, Permission>();
      for (const [index, op] of permits.entries())
        permissions.set(op, draftPermit(drafted, op, known[index]!, index, op.giveUpAt <= final));
      await drafted.write(tx);
      draft = drafted;
      return batch.map((op) => permissions.get(op));
    },
    {
      content: [...contentKeys.keys()],
      first: `${plans}, enter_guard(${literals([authority.tenant(tenant), ...new Set(locks)])}, ${literals(caps)}, ${literals(runs)})`,
    },
  );
  draft?.committed();
  return outcomes;
}
