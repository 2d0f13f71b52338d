import { type KindRef, kinds } from "../api/kinds.ts";
import { problem } from "../api/reasons.ts";
import type { Resource, Stored } from "../api/resource.ts";
import type { Clock } from "../lib/clock.ts";
import { isObject } from "../lib/json.ts";
import type { Log } from "../lib/log.ts";
import { messageOf } from "../lib/problem.ts";
import type { KubeClient, WatchEvent } from "./client.ts";
import { statusOf } from "./connect.ts";
import type { SelfReviews } from "./self-review.ts";

/** What of a cluster is open to an identity that has Roles and no ClusterRole. */
export interface Confinement {
  readonly namespaces: readonly string[];
  /** Objects of cluster-scoped kinds that the operator gives in a file, since no Role can open those kinds. */
  readonly given: readonly Resource[];
  readonly reviews: SelfReviews;
  readonly clock: Clock;
  readonly log: Log;
}

// No Role allows a watch on a namespace itself; a label or a deletion is seen after this at the latest.
const pollMs = 2_000;
/** Roster's own namespace, where each installation has a Role. */
const home = "roster-system";

/**
 * The same API through Roles alone. Namespaces are read one by one; given objects live in memory and lose their status
 * when the process ends; who a person is, is asked with their own token, and what they may do, in the namespace
 * concerned. Everything else goes to the server as it is, which refuses what no Role allows.
 */
export function confine(client: KubeClient, confinement: Confinement): KubeClient {
  const { namespaces, given, reviews, clock, log } = confinement;
  const known = new Map<string, Stored>();
  const own = new Map(given.map((object) => [`${object.kind}/${object.metadata.name}`, asStored(object)]));
  const isGiven = (kind: KindRef) => kind.group === kinds.ModelTier.group && !kind.namespaced;
  const isOutside = (kind: KindRef, namespace: string | undefined) =>
    kind.plural === kinds.Event.plural && !namespaces.includes(namespace ?? "");

  async function readNamespaces(): Promise<readonly Stored[]> {
    const found = await Promise.all(
      namespaces.map(async (name) => {
        try {
          return await client.find(kinds.Namespace, name);
        } catch (thrown) {
          // Gone with its RoleBindings, or not opened yet: absence is proven by a 404 only.
          if (statusOf(thrown) === 403) return known.get(name);
          throw thrown;
        }
      }),
    );
    return found.filter((namespace) => namespace !== undefined);
  }

  async function* watchNamespaces(signal: AbortSignal): AsyncIterable<WatchEvent> {
    while (!signal.aborted) {
      await clock.sleep(pollMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      const now = new Map((await readNamespaces()).map((object) => [object.metadata.name, object]));
      for (const [name, object] of now) {
        const before = known.get(name);
        if (before?.metadata.resourceVersion === object.metadata.resourceVersion) continue;
        known.set(name, object);
        yield { type: before === undefined ? "ADDED" : "MODIFIED", object };
      }
      for (const [name, object] of known) {
        if (now.has(name)) continue;
        known.delete(name);
        yield { type: "DELETED", object };
      }
    }
  }

  async function* watchNothing(signal: AbortSignal): AsyncIterable<WatchEvent> {
    const ended = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => ended.resolve(), { once: true });
    if (!signal.aborted) await ended.promise;
  }

  const served = new Set([...namespaces, home]);
  const closed = (what: string) =>
    problem("Forbidden", `${what} is not open to a process that has Roles in namespaces only`, {
      details: { status: 403, confined: true },
    });
  /** Answered here: asking the server would only fill its audit log with refusals. */
  function refuse(kind: KindRef, name: string): void {
    if (kind.namespaced || isGiven(kind)) return;
    if (kind !== kinds.Namespace) throw closed(kind.plural);
    if (!served.has(name)) throw closed(`namespace "${name}"`);
  }
  const findGiven = (kind: KindRef, name: string) => own.get(`${kind.kind}/${name}`);
  const missing = (kind: KindRef, name: string) =>
    problem("NotFound", `${kind.kind} "${name}" is not in the operator's file`, { details: { status: 404 } });

  const confined: Partial<KubeClient> = {
    async get<O extends Resource>(kind: KindRef, name: string, namespace?: string) {
      refuse(kind, name);
      if (!isGiven(kind)) return client.get<O>(kind, name, namespace);
      const found = findGiven(kind, name);
      if (found === undefined) throw missing(kind, name);
      return found as Stored<O>;
    },
    async find<O extends Resource>(kind: KindRef, name: string, namespace?: string) {
      refuse(kind, name);
      return isGiven(kind) ? (findGiven(kind, name) as Stored<O> | undefined) : client.find<O>(kind, name, namespace);
    },
    async list<O extends Resource>(kind: KindRef, options = {}) {
      if (kind === kinds.Namespace) {
        const items = await readNamespaces();
        known.clear();
        for (const object of items) known.set(object.metadata.name, object);
        return { items: items as readonly Stored<O>[], resourceVersion: "" };
      }
      if (!isGiven(kind)) return client.list<O>(kind, options);
      const items = [...own.values()].filter((object) => object.kind === kind.kind);
      return { items: items as unknown as readonly Stored<O>[], resourceVersion: "1" };
    },
    watch<O extends Resource>(kind: KindRef, options: Parameters<KubeClient["watch"]>[1]) {
      const events = kind === kinds.Namespace ? watchNamespaces : isGiven(kind) ? watchNothing : undefined;
      return events ? (events(options.signal) as AsyncIterable<WatchEvent<O>>) : client.watch<O>(kind, options);
    },
    async create<O extends Resource>(kind: KindRef, object: O, options = {}) {
      if (kind === kinds.TokenReview) return (await reviewToken(object)) as unknown as Stored<O>;
      if (kind === kinds.SubjectAccessReview) return (await reviewAccess(object)) as unknown as Stored<O>;
      if (isOutside(kind, object.metadata.namespace)) {
        const { reason, note, regarding } = object as unknown as Readonly<Record<string, unknown>>;
        log.info("told here, where no Role lets an event be recorded", { reason, note, regarding });
        return asStored(object) as Stored<O>;
      }
      return client.create(kind, object, options);
    },
    async mergePatch<O extends Resource>(...call: Parameters<KubeClient["mergePatch"]>) {
      const [kind, name, namespace, patch] = call;
      if (isOutside(kind, namespace)) return { metadata: { name } } as Stored<O>;
      if (!isGiven(kind)) return client.mergePatch<O>(...call);
      const before = findGiven(kind, name);
      if (before === undefined) throw missing(kind, name);
      const merged = mergePatched(before, patch) as Stored;
      const resourceVersion = String(Number(before.metadata.resourceVersion) + 1);
      const after = { ...merged, metadata: { ...merged.metadata, resourceVersion } };
      own.set(`${kind.kind}/${name}`, after);
      return after as Stored<O>;
    },
  };
  return { ...client, ...confined, [Symbol.asyncDispose]: () => client[Symbol.asyncDispose]() };

  async function reviewToken(review: Resource): Promise<Resource> {
    const { token } = (review as unknown as { readonly spec: { readonly token: string } }).spec;
    const user = await reviews.whoIs(token);
    return {
      ...review,
      status: user === undefined ? { authenticated: false } : { authenticated: true, user },
    } as Resource;
  }

  async function reviewAccess(review: Resource): Promise<Resource> {
    const { resourceAttributes } = (
      review as unknown as { readonly spec: { readonly resourceAttributes?: { readonly namespace?: string } } }
    ).spec;
    const namespace = resourceAttributes?.namespace ?? "";
    if (!served.has(namespace)) throw closed(`namespace "${namespace}"`);
    try {
      return await client.raw(
        "POST",
        `/apis/authorization.k8s.io/v1/namespaces/${namespace}/localsubjectaccessreviews`,
        {
          ...review,
          kind: "LocalSubjectAccessReview",
          metadata: { namespace },
        },
      );
    } catch (thrown) {
      log.debug("no review", { namespace, error: messageOf(thrown) });
      throw thrown;
    }
  }
}

/** A stable identity: the same file is the same object in every replica and after every start. */
function asStored(object: Resource): Stored {
  return {
    ...object,
    metadata: {
      ...object.metadata,
      uid: `given:${object.kind}/${object.metadata.name}`,
      resourceVersion: "1",
      generation: 1,
    },
  };
}

/** RFC 7386. */
function mergePatched(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergePatched(result[key], value);
  }
  return result;
}
