import { setImmediate as nextTurn } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { toRfc3339 } from "../../lib/clock.ts";
import { messageOf } from "../../lib/problem.ts";
import type { ServedKind } from "../kinds/kind.ts";
import type { Api } from "../rest/api.ts";
import { createObject } from "../rest/create.ts";
import { deleteObject } from "../rest/delete.ts";
import { asKind } from "../rest/prepare.ts";
import { type Change, type Entry, type KubeObject, parse } from "../store/entry.ts";
import { controllerUser } from "./controller-user.ts";
import { WorkQueue } from "./work-queue.ts";

const bucket = "core/namespaces";
const user = controllerUser("namespace-controller");
const accounts = controllerUser("service-account-controller");
// Deletions of a collection, as a cluster empties a namespace: policies are shown no name.
const background = {
  dryRun: false,
  propagation: "Background",
  uid: undefined,
  resourceVersion: undefined,
  unnamed: true,
} as const;

// What leaves a namespace that goes is looked at together, and the event loop goes on after this many objects.
const gatherMs = 100;
const turnEvery = 250;
// Deletions that share a commit.
const together = 50;

/**
 * The life of a namespace: it gets a ServiceAccount `default`; when it is deleted its content is deleted, and it goes
 * once nothing is left. What has finalizers keeps it Terminating, and its conditions say what that is.
 */
export class NamespaceController implements AsyncDisposable {
  readonly #api: Api;
  readonly #queue: WorkQueue;
  readonly #subscription: Disposable;
  /** The finalizers of what is left in namespaces that go: each version of an object is parsed once. */
  readonly #known = new WeakMap<Entry, Held>();

  constructor(api: Api) {
    this.#api = api;
    this.#queue = new WorkQueue({ work: (name) => this.#settle(name), clock: api.clock, log: api.log });
    for (const entry of api.store.list(bucket)) this.#queue.add(entry.key);
    this.#subscription = api.store.subscribe((change) => this.#see(change));
  }

  /** Resolves when every namespace has what it must have. */
  idle(): Promise<void> {
    return this.#queue.idle();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#subscription[Symbol.dispose]();
    await this.#queue[Symbol.asyncDispose]();
  }

  #see({ entry, type }: Change): void {
    if (entry.bucket === bucket) {
      if (type !== "DELETED") this.#queue.add(entry.key);
      return;
    }
    const slash = entry.key.indexOf("/");
    const namespace = slash > 0 ? entry.key.slice(0, slash) : "";
    if (!namespace || (type !== "DELETED" && type !== "MODIFIED")) return;
    const lostAccount = type === "DELETED" && entry.bucket === "core/serviceaccounts" && entry.key.endsWith("/default");
    if (this.#isTerminating(namespace)) this.#queue.addLater(namespace, gatherMs);
    else if (lostAccount) this.#queue.add(namespace);
  }

  #isTerminating(name: string): boolean {
    return this.#api.store.find(bucket, name)?.bytes.includes('"deletionTimestamp"') ?? false;
  }

  async #settle(name: string): Promise<void> {
    const entry = this.#api.store.find(bucket, name);
    if (!entry) return;
    const namespace = parse(entry);
    if (!namespace.metadata.deletionTimestamp) return this.#ensureAccount(name);
    const held = (namespace["spec"] as { finalizers?: string[] } | undefined)?.finalizers ?? [];
    if (!held.includes("kubernetes")) return;
    const refused = new Map<string, unknown>();
    for (const content of this.#content(name)) {
      const [error] = await this.#deleteAll(name, content);
      if (error !== undefined) refused.set(content.kind.bucket, error);
    }
    // As a cluster has it, kinds of which something could not be deleted are told of by that alone.
    const left = this.#content(name).filter(({ kind }) => !refused.has(kind.bucket));
    const state = { left, finalizers: await this.#finalizersOf(left), refused: [...refused.values()] };
    await this.#record(name, state);
    // What refuses may be gone later, which no change of the content would tell.
    for (const error of refused.values()) throw error;
  }

  /** Deletes what can be deleted. Returns why the rest was not. */
  async #deleteAll(namespace: string, { kind, entries }: Content): Promise<unknown[]> {
    const errors: unknown[] = [];
    for (let start = 0; start < entries.length; start += together) {
      const some = entries.slice(start, start + together).filter((entry) => !this.#heldOf(entry).terminating);
      const results = await Promise.allSettled(some.map((entry) => this.#delete(kind, namespace, entry)));
      errors.push(...results.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : [])));
      await nextTurn();
    }
    return errors;
  }

  #heldOf(entry: Entry): Held {
    const known = this.#known.get(entry);
    if (known) return known;
    // Most have neither.
    const special = entry.bytes.includes('"deletionTimestamp"') || entry.bytes.includes('"finalizers"');
    const { deletionTimestamp, finalizers = [] } = special ? parse(entry).metadata : {};
    const held = { terminating: deletionTimestamp !== undefined, finalizers };
    this.#known.set(entry, held);
    return held;
  }

  /** How many objects have each finalizer. */
  async #finalizersOf(left: readonly Content[]): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    let count = 0;
    for (const { entries } of left) {
      for (const entry of entries) {
        if (++count % turnEvery === 0) await nextTurn();
        for (const name of this.#heldOf(entry).finalizers) counts.set(name, (counts.get(name) ?? 0) + 1);
      }
    }
    return counts;
  }

  #content(name: string): Content[] {
    const seen = new Set<string>();
    return this.#api.registry.all().flatMap((kind) => {
      if (!kind.namespaced || seen.has(kind.bucket)) return [];
      seen.add(kind.bucket);
      const entries = this.#api.store.list(kind.bucket, name);
      return entries.length > 0 ? [{ kind, entries }] : [];
    });
  }

  async #delete(kind: ServedKind, namespace: string, { key }: Entry): Promise<void> {
    try {
      await deleteObject(this.#api, kind, namespace, key.slice(namespace.length + 1), user, background);
    } catch (error) {
      if ((error as { reason?: string }).reason !== "NotFound") throw error;
    }
  }

  /** Writes what still holds the namespace, or takes its finalizer away. */
  async #record(name: string, state: Remaining): Promise<void> {
    await this.#api.store.write<KubeObject | undefined>(bucket, name, (live) => {
      if (!live?.metadata.deletionTimestamp) return { keep: live };
      const spec = (live["spec"] ?? {}) as { finalizers?: string[] };
      const status = live["status"] as { phase?: string; conditions?: Condition[] };
      const conditions = conditionsFor(state, status.conditions ?? [], toRfc3339(this.#api.clock.now()));
      // That nothing is left is told before it is acted upon: this write leads back to here.
      if (!isDeepStrictEqual(status.conditions, conditions))
        return { put: { ...live, status: { ...status, conditions } } };
      if (state.left.length > 0 || state.refused.length > 0) return { keep: live };
      const others = (spec.finalizers ?? []).filter((finalizer) => finalizer !== "kubernetes");
      const released = others.length === 0 && (live.metadata.finalizers ?? []).length === 0;
      return released
        ? { remove: live }
        : { put: { ...live, spec: others.length > 0 ? { ...spec, finalizers: others } : {} } };
    });
  }

  async #ensureAccount(namespace: string): Promise<void> {
    const kind = this.#api.registry.find("", "v1", "serviceaccounts");
    if (!kind || this.#api.store.find(kind.bucket, `${namespace}/default`)) return;
    const object = asKind(kind, { metadata: { name: "default", namespace } });
    const options = { dryRun: false, fieldManager: "roster-apiserver" };
    try {
      await createObject(this.#api, kind, object, { namespace, user: accounts, options, warnings: [] });
    } catch (error) {
      // Made or going away meanwhile: both are fine.
      const { reason } = error as { reason?: string };
      if (!["Conflict", "Forbidden", "NotFound"].includes(reason ?? "")) throw error;
    }
  }
}

interface Content {
  readonly kind: ServedKind;
  readonly entries: readonly Entry[];
}

/** What a namespace that goes still has, and what was not deleted of it. */
interface Remaining {
  readonly left: readonly Content[];
  readonly finalizers: ReadonlyMap<string, number>;
  readonly refused: readonly unknown[];
}

interface Held {
  readonly terminating: boolean;
  readonly finalizers: readonly string[];
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly lastTransitionTime: string;
  readonly reason: string;
  readonly message: string;
}

function conditionsFor(
  { left, finalizers, refused }: Remaining,
  before: readonly Condition[],
  now: string,
): Condition[] {
  const remaining = left.map(({ kind, entries }) => `${resourceName(kind)} has ${entries.length} resource instances`);
  const held = [...finalizers].sort().map(([name, count]) => `${name} in ${count} resource instances`);
  const condition = (type: string, reason: string, message: string, status = "True"): Condition => {
    const old = before.find((one) => one.type === type);
    return { type, status, lastTransitionTime: old?.status === status ? old.lastTransitionTime : now, reason, message };
  };
  return [
    condition(
      "NamespaceDeletionDiscoveryFailure",
      "ResourcesDiscovered",
      "All resources successfully discovered",
      "False",
    ),
    condition(
      "NamespaceDeletionGroupVersionParsingFailure",
      "ParsedGroupVersions",
      "All legacy kube types successfully parsed",
      "False",
    ),
    refused.length > 0
      ? condition(
          "NamespaceDeletionContentFailure",
          "ContentDeletionFailed",
          `Failed to delete all resource types, ${refused.length} remaining: ${refused.map(messageOf).sort().join(", ")}`,
        )
      : condition(
          "NamespaceDeletionContentFailure",
          "ContentDeleted",
          "All content successfully deleted, may be waiting on finalization",
          "False",
        ),
    remaining.length > 0
      ? condition(
          "NamespaceContentRemaining",
          "SomeResourcesRemain",
          `Some resources are remaining: ${remaining.join(", ")}`,
        )
      : condition("NamespaceContentRemaining", "ContentRemoved", "All content successfully removed", "False"),
    held.length > 0
      ? condition(
          "NamespaceFinalizersRemaining",
          "SomeFinalizersRemain",
          `Some content in the namespace has finalizers remaining: ${held.join(", ")}`,
        )
      : condition(
          "NamespaceFinalizersRemaining",
          "ContentHasNoFinalizers",
          "All content-preserving finalizers finished",
          "False",
        ),
  ];
}

function resourceName(kind: ServedKind): string {
  return kind.group ? `${kind.plural}.${kind.group}` : `${kind.plural}.`;
}
