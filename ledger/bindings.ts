import { Batch } from "./batch.ts";
import { bindingColumns, toBinding } from "./binding-rows.ts";
import { claimDownstream, offboarding, reportDownstream } from "./downstream.ts";
import { fire } from "./fire.ts";
import { type HireRequest, hireAll } from "./hire.ts";
import type { Bindings } from "./ledger.ts";
import type { Ports } from "./ports.ts";
import { type SeedRequest, seedAll } from "./seed.ts";
import { summaries } from "./summaries.ts";
import { Turns } from "./turns.ts";

// Long enough to share a commit among many, short enough that its locks are not noticed.
const batchSize = 256;
// Documents may be a megabyte and more for each binding.
const seedBatch = 64;

export function makeBindings(ports: Ports): Bindings {
  const { db } = ports;
  const find = async (where: string, values: readonly unknown[]) =>
    (await db.query(`select ${bindingColumns} from bindings b where ${where}`, values)).map(toBinding);
  const hires = new Batch({ most: batchSize, perform: (requests: readonly HireRequest[]) => hireAll(ports, requests) });
  const seeds = new Batch({ most: seedBatch, perform: (requests: readonly SeedRequest[]) => seedAll(ports, requests) });
  const finds = new Batch({
    most: batchSize,
    async perform(uids: readonly string[]) {
      const found = new Map((await find("b.uid = any ($1)", [uids])).map((binding) => [binding.uid, binding]));
      return uids.map((uid) => ({ value: found.get(uid) }));
    },
  });
  const sums = new Batch({
    most: batchSize,
    async perform(uids: readonly string[]) {
      const found = await summaries(ports, uids);
      return uids.map((uid) => ({ value: found.get(uid) }));
    },
  });
  // Not behind hires: a firing is waited for. They wait for one another in the ledger anyway.
  const fires = new Turns(3);
  return {
    hire: (fence, binding) => hires.add({ fence, binding }),
    async seed(bindingUid, documents) {
      if (documents.length > 0) await seeds.add({ bindingUid, documents });
    },
    async fire(bindingUid, context) {
      using _ = await fires.next();
      return await fire(ports, bindingUid, context);
    },
    offboarding: (bindingUid) => offboarding(ports, bindingUid),
    claimDownstream: (worker, limit, held = []) => claimDownstream(ports, worker, limit, held),
    reportDownstream: (id, result) => reportDownstream(ports, id, result),
    find: (uid) => finds.add(uid),
    findByName: async (tenant, name) =>
      (await find("b.tenant = $1 and b.name = $2 and b.state <> 'revoked'", [tenant, name]))[0],
    listTenants: () =>
      db.query<{ tenant: string; namespace: string }>(
        "select distinct tenant, namespace from bindings where state <> 'revoked' order by namespace, tenant",
      ),
    list: (tenant) => find("b.tenant = $1 and b.state <> 'revoked' order by b.name", [tenant]),
    summaries: async (uids) => {
      const [only] = uids;
      if (uids.length !== 1 || only === undefined) return summaries(ports, uids);
      const summary = await sums.add(only);
      return new Map(summary === undefined ? [] : [[only, summary]]);
    },
  };
}
