import process from "node:process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isObject } from "../../lib/json.ts";
import { ConformanceClient } from "../conformance/client.ts";
import { startEmbedded, users } from "../conformance/embedded.ts";
import { normalise } from "../conformance/normalise.ts";
import { configMap, get, configMapsPath as maps, mergePatch, post, type Step, watch } from "../conformance/step.ts";
import { missingCluster, startReal } from "./real.ts";
import { targetOf } from "./target.ts";

const why =
  missingCluster() ?? (process.env.KUBECONFIG ? "the etcd of a given cluster is not ours to compact" : undefined);
if (why) process.stdout.write(`skipped: compaction on a real API: ${why}\n`);

interface Story {
  readonly client: ConformanceClient;
  compact(revision: string): Promise<void>;
}

/** Pages and watches from before and after a compaction: what is asked, and what was answered without ids and versions. */
async function tell({ client, compact }: Story): Promise<Readonly<Record<string, unknown>>> {
  const ns = "compacted";
  const values: Record<string, string> = { ns };
  const told: Record<string, unknown> = {};
  const metadataOf = (body: unknown) =>
    (isObject(body) && isObject(body.metadata) ? body.metadata : {}) as { resourceVersion?: string; continue?: string };
  const ask = async (name: string, step: Step) => {
    const { status, body } = await client.send(step, values);
    told[name] = { status, body: normalise(body, ns) };
    return metadataOf(body);
  };
  await client.send(post("/api/v1/namespaces", { metadata: { name: ns } }), values);
  for (const name of ["a", "b", "c", "d", "e"]) await client.send(post(maps, configMap(name)), values);
  const page = await ask("a page", get(`${maps}?limit=2`));
  values.old = page.resourceVersion!;
  values.page = page.continue!;
  for (let change = 0; change < 20; change++)
    await client.send(mergePatch(`${maps}/e`, { data: { change: String(change) } }), values);
  values.now = metadataOf((await client.send(get(`${maps}?limit=1`), values)).body).resourceVersion!;
  await compact(values.now);

  const expired = await ask("its next page", get(`${maps}?limit=2&continue={page}`));
  values.rest = expired.continue!;
  const onwards = await ask("the page that goes on all the same", get(`${maps}?limit=2&continue={rest}`));
  values.last = onwards.continue!;
  await ask("the last page", get(`${maps}?limit=2&continue={last}`));
  await ask("exactly the version of before", get(`${maps}?resourceVersion={old}&resourceVersionMatch=Exact`));
  await ask("a page of exactly that version", get(`${maps}?resourceVersion={old}&limit=1`));
  await ask("exactly the version of now", get(`${maps}?resourceVersion={now}&resourceVersionMatch=Exact`));
  await ask(
    "no older than the version of before",
    get(`${maps}?resourceVersion={old}&resourceVersionMatch=NotOlderThan`),
  );
  // Its words are those of the cache, which every cluster has: without one they are another component's.
  const parts = ["type", "object.code", "object.reason"];
  const late = watch(maps, { lines: 1 }, { query: `&resourceVersion=${values.old}`, pick: parts });
  told["a watch from before"] = await client.run([late], ns);
  return told;
}

describe.skipIf(why)("what was compacted is refused alike", () => {
  const stack = new AsyncDisposableStack();
  let ours: Readonly<Record<string, unknown>>;
  let theirs: Readonly<Record<string, unknown>>;

  beforeAll(async () => {
    const say = (line: string) => process.stdout.write(`${line}\n`);
    // Without its cache, which remembers for a while what etcd has forgotten.
    const cluster = stack.use(await startReal({ users, say, flags: ["--watch-cache=false"] }));
    const real = stack.use(new ConformanceClient(await targetOf(cluster)));
    // A history that ends by itself after a few changes.
    const short = { maxAgeMs: 0, maxBytes: 64 << 20, minCount: 5 };
    const embedded = stack.use(new ConformanceClient(stack.use(await startEmbedded({ history: short }))));
    [ours, theirs] = await Promise.all([
      tell({ client: embedded, compact: async () => {} }),
      tell({ client: real, compact: cluster.compact! }),
    ]);
  });
  afterAll(() => stack.disposeAsync());

  it("a page, its successors, exact versions and watches", () => {
    expect(Object.keys(theirs)).toHaveLength(9);
    expect(theirs["its next page"]).toMatchObject({ status: 410 });
    expect(ours).toEqual(theirs);
  });
});
