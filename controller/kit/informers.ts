import { type KindRef, kinds } from "../../api/kinds.ts";
import { problem } from "../../api/reasons.ts";
import type { Resource, Stored } from "../../api/resource.ts";
import { Cache, type IndexBy, toKey } from "../../kube/cache.ts";
import type { KubeClient } from "../../kube/client.ts";
import { Reflector } from "../../kube/reflector.ts";
import { unlessAborted } from "../../lib/abort.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Log } from "../../lib/log.ts";
import type { LedgerReader, Lookup, Reader } from "./reconciler.ts";

/** What is kept in memory of one kind, and how it is found. */
export interface InformerOptions {
  readonly kind: KindRef;
  readonly indexes?: Readonly<Record<string, IndexBy<never>>>;
  readonly fieldSelector?: string;
  /** Drops what nobody reads from the cache (or what nobody may find there, such as the content of Secrets). */
  readonly keep?: (object: never) => unknown;
}

/** One cache per kind for everything in this process, each kept true by one reflector. */
export class Informers implements AsyncDisposable {
  readonly #client: KubeClient;
  readonly #clock: Clock;
  readonly #log: Log;
  /** Absent: all of the cluster. */
  readonly #namespaces: readonly string[] | undefined;
  readonly #caches = new Map<string, Cache<Resource>>();
  readonly #options = new Map<string, InformerOptions>();
  #reflectors: readonly Reflector<Resource>[] = [];

  constructor(
    client: KubeClient,
    options: { readonly clock: Clock; readonly log: Log; readonly namespaces?: readonly string[] | undefined },
    list: readonly InformerOptions[],
  ) {
    this.#client = client;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#namespaces = options.namespaces;
    for (const informer of list) {
      const id = idOf(informer.kind);
      this.#options.set(id, informer);
      this.#caches.set(
        id,
        new Cache<Resource>(
          (informer.indexes ?? {}) as Readonly<Record<string, IndexBy<Resource>>>,
          informer.kind.namespaced ? this.#namespaces : undefined,
        ),
      );
    }
  }

  /** The cache of a kind. Throws for a kind that was not declared. */
  cache<O extends Resource>(kind: KindRef): Cache<O> {
    const cache = this.#caches.get(idOf(kind));
    if (cache === undefined) throw new Error(`no informer was declared for ${kind.kind}`);
    return cache as unknown as Cache<O>;
  }

  has(kind: KindRef): boolean {
    return this.#caches.has(idOf(kind));
  }

  /** Takes in the answer of a write of this process, in the same shape as the reflector would. */
  assume(kind: KindRef, object: Stored): void {
    const keep = this.#options.get(idOf(kind))?.keep as ((object: Stored) => Stored) | undefined;
    this.cache(kind).assume(keep ? keep(object) : object);
  }

  /**
   * Starts following every kind; resolves when each was listed once, or when the signal aborts. Where namespaces are
   * followed one by one, one that is closed to us does not keep the others waiting: see `tenantOf`.
   */
  async start(signal: AbortSignal): Promise<void> {
    const places = (kind: KindRef) => (kind.namespaced && this.#namespaces ? this.#namespaces : [undefined]);
    this.#reflectors = [...this.#options].flatMap(([id, { kind, fieldSelector, keep }]) =>
      places(kind).map(
        (namespace) =>
          new Reflector<Resource>({
            client: this.#client,
            kind,
            cache: this.#caches.get(id)!,
            clock: this.#clock,
            log: this.#log,
            ...(namespace === undefined ? {} : { namespace }),
            ...(fieldSelector === undefined ? {} : { fieldSelector }),
            ...(keep === undefined ? {} : { keep: keep as (object: Stored) => Stored }),
          }),
      ),
    );
    const first = this.#namespaces ? "answered" : "synced";
    await unlessAborted(Promise.all(this.#reflectors.map((reflector) => reflector[first])), signal);
  }

  /**
   * Lists every kind anew; resolves when no cache is older than this call, or when the signal aborts. A kind that we may
   * not read is not waited for where namespaces are followed one by one.
   */
  async refresh(signal: AbortSignal): Promise<void> {
    const all = this.#reflectors.filter(({ lists }) => lists > 0 || this.#namespaces === undefined);
    await unlessAborted(Promise.all(all.map((reflector) => reflector.refresh())), signal);
  }

  /**
   * What was never listed; where namespaces are followed one by one, of the one that lacks the fewest: who can work somewhere
   * need not wait for the others.
   */
  unlisted(): readonly string[] {
    const of = (namespace?: string) =>
      [...this.#options].flatMap(([id, { kind }]) => {
        const cache = this.#caches.get(id)!;
        if (namespace === undefined || !kind.namespaced) return cache.synced ? [] : [kind.plural];
        return cache.isSynced(namespace) ? [] : [`${namespace}/${kind.plural}`];
      });
    const each = this.#namespaces?.map((namespace) => of(namespace)) ?? [of()];
    return each.reduce((fewest, one) => (one.length < fewest.length ? one : fewest));
  }

  lookup(): Lookup {
    return {
      find: <O extends Resource>(kind: KindRef, namespace: string | undefined, name: string) =>
        this.cache<O>(kind).find(toKey(namespace, name)),
      listBy: <O extends Resource>(kind: KindRef, index: string, value: string) =>
        this.cache<O>(kind).listBy(index, value),
      countBy: (kind, index, value) => this.cache(kind).countBy(index, value),
      keysBy: (kind, index, value) => this.cache(kind).keysBy(index, value),
    };
  }

  reader(ledger: LedgerReader): Reader {
    return {
      ...this.lookup(),
      ledger,
      fetch: (kind, namespace, name) => this.#client.find(kind, name, namespace),
      tenantOf: (namespace) => {
        const found = this.cache(kinds.Namespace).find(namespace);
        if (found === undefined) throw problem("KubeUnavailable", `namespace "${namespace}" was not seen yet`);
        const unread = this.#unread(namespace);
        if (unread !== undefined)
          throw problem("KubeUnavailable", `${unread} of namespace "${namespace}" were not read yet`);
        return found.metadata.uid;
      },
    };
  }

  /** Nobody is hired from half a namespace: a stop that we may not read would not be obeyed. */
  #unread(namespace: string): string | undefined {
    if (this.#namespaces === undefined) return undefined;
    for (const [id, { kind }] of this.#options)
      if (kind.namespaced && !this.#caches.get(id)!.isSynced(namespace)) return kind.plural;
    return undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#reflectors.map((reflector) => reflector[Symbol.asyncDispose]()));
  }
}

function idOf(kind: KindRef): string {
  return `${kind.group}/${kind.kind}`;
}
