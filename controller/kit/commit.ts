import type { KindRef } from "../../api/kinds.ts";
import type { Stored } from "../../api/resource.ts";
import type { KubeClient } from "../../kube/client.ts";
import { statusOf } from "../../kube/connect.ts";
import type { Fence, Ledger } from "../../ledger/ledger.ts";
import { sha256 } from "../../lib/ids.ts";
import { type LedgerWrite, perform } from "./effects.ts";
import type { Informers } from "./informers.ts";
import type { ResourceWrite, Write } from "./reconciler.ts";

export const fieldManager = "roster-controller";

/** What was performed in this leadership and need not be performed again: `once` key → digest of its arguments. */
export class Performed {
  readonly #digests = new Map<string, string>();
  #epoch = -1;

  /** True when exactly this was performed under this epoch. */
  has(epoch: number, key: string, digest: string): boolean {
    this.#under(epoch);
    return this.#digests.get(key) === digest;
  }

  note(epoch: number, key: string, digest: string): void {
    this.#under(epoch);
    this.#digests.set(key, digest);
  }

  forget(key: string): void {
    this.#digests.delete(key);
  }

  // Another leader may have put something else in force meanwhile.
  #under(epoch: number): void {
    if (epoch === this.#epoch) return;
    this.#digests.clear();
    this.#epoch = epoch;
  }
}

export interface CommitPorts {
  readonly client: KubeClient;
  readonly ledger: Ledger;
  readonly informers: Informers;
  readonly performed: Performed;
}

/**
 * Performs the writes of a plan in order and stops at the first that throws; each may run twice. Answers those that
 * changed something. API writes carry uid and resourceVersion, so a stale writer gets a conflict.
 */
export async function commit(
  kind: KindRef,
  object: Stored,
  writes: readonly Write[],
  fence: Fence,
  ports: CommitPorts,
): Promise<{ readonly object: Stored; readonly effective: readonly Write[] }> {
  const effective: Write[] = [];
  let current = object;
  for (const write of writes) {
    if (write.kind === "ledger") {
      if (await performOnce(write, fence, ports)) effective.push(write);
    } else if (write.kind === "annotate") {
      current = await annotate(kind, current, write.annotations, ports);
      effective.push(write);
    } else if (await writeResource(write, ports)) {
      effective.push(write);
    }
  }
  return { object: current, effective };
}

async function performOnce(write: LedgerWrite, fence: Fence, ports: CommitPorts): Promise<boolean> {
  if (write.once === undefined) return perform(ports.ledger, fence, write);
  const digest = sha256(
    JSON.stringify(write.args, (_, value) => (typeof value === "bigint" ? `${value}n` : value)),
  ).slice(0, 32);
  if (ports.performed.has(fence.epoch, write.once, digest)) return false;
  const effective = await perform(ports.ledger, fence, write);
  ports.performed.note(fence.epoch, write.once, digest);
  return effective;
}

async function annotate(
  kind: KindRef,
  object: Stored,
  annotations: Readonly<Record<string, string | null>>,
  ports: CommitPorts,
): Promise<Stored> {
  const { name, namespace, uid, resourceVersion } = object.metadata;
  const answer = await ports.client.mergePatch(
    kind,
    name,
    namespace,
    { metadata: { uid, resourceVersion, annotations } },
    { fieldManager },
  );
  ports.informers.assume(kind, answer);
  return answer;
}

async function writeResource(
  write: Exclude<ResourceWrite, { kind: "annotate" }>,
  ports: CommitPorts,
): Promise<boolean> {
  switch (write.kind) {
    case "create":
      return tolerate([409], async () => {
        assume(write.ref, await ports.client.create(write.ref, write.object, { fieldManager }), ports);
      });
    case "remove":
      // 409: another object bears the name now, and ours is gone.
      return tolerate([404, 409], () =>
        ports.client.delete(write.ref, write.name, write.namespace, { uid: write.uid }),
      );
    case "protect":
    case "unprotect":
      return setFinalizer(write, ports);
  }
}

async function setFinalizer(
  write: Extract<ResourceWrite, { kind: "protect" | "unprotect" }>,
  ports: CommitPorts,
): Promise<boolean> {
  const target = ports.informers.cache(write.ref).find(`${write.namespace}/${write.name}`);
  if (target === undefined) return false;
  const { uid, resourceVersion, deletionTimestamp } = target.metadata;
  const held = target.metadata.finalizers ?? [];
  const wanted =
    write.kind === "protect" ? [...held, write.finalizer] : held.filter((name) => name !== write.finalizer);
  if (held.includes(write.finalizer) === (write.kind === "protect")) return false;
  // The API refuses a new finalizer once deletion has begun.
  if (write.kind === "protect" && deletionTimestamp !== undefined) return false;
  return tolerate([404], async () => {
    const patch = { metadata: { uid, resourceVersion, finalizers: wanted } };
    assume(
      write.ref,
      await ports.client.mergePatch(write.ref, write.name, write.namespace, patch, { fieldManager }),
      ports,
    );
  });
}

function assume(ref: KindRef, answer: Stored, ports: CommitPorts): void {
  if (ports.informers.has(ref)) ports.informers.assume(ref, answer);
}

/** True when the write went through, false when the server said that there is nothing to do. */
async function tolerate(statuses: readonly number[], write: () => Promise<unknown>): Promise<boolean> {
  try {
    await write();
    return true;
  } catch (thrown) {
    if (statuses.includes(statusOf(thrown) ?? 0)) return false;
    throw thrown;
  }
}
