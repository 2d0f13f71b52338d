import { type Answer, type ConformanceClient, runAll } from "../client.ts";
import { normalise } from "../normalise.ts";
import { get, post } from "../step.ts";
import type { Batch } from "./generator.ts";

const definitionsPath = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

interface Definition {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly group: string;
    readonly names: { readonly plural: string };
    readonly versions: readonly { readonly name: string }[];
  };
}

/** Runs a batch on one server: its definitions until they are served, then its sequences, many at a time. */
export async function runBatch(
  client: ConformanceClient,
  batch: Batch,
  prefix: string,
): Promise<Record<string, readonly Answer[]>> {
  const results: Record<string, readonly Answer[]> = {};
  await inParallel(batch.definitions as readonly Definition[], 4, async (definition) => {
    const { name } = definition.metadata;
    const made = await client.send(post(definitionsPath, definition), {});
    results[`definition ${name}`] = [{ status: made.status, body: normalise(made.body, prefix) }];
    if (made.status !== 201) return;
    const { group, names, versions } = definition.spec;
    for (const version of versions) await client.until(get(`/apis/${group}/${version.name}/${names.plural}`), 200);
  });
  return Object.assign(results, await runAll(client, batch.sequences, prefix, 12));
}

async function inParallel<T>(items: readonly T[], width: number, act: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await act(next);
  };
  await Promise.all(Array.from({ length: width }, worker));
}
