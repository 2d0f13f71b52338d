import type { KindRef } from "../api/kinds.ts";
import type { Resource, Stored } from "../api/resource.ts";
import { beforeAborted } from "../lib/abort.ts";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import { messageOf } from "../lib/problem.ts";
import { backoffMs } from "./backoff.ts";
import type { Cache } from "./cache.ts";
import type { KubeClient } from "./client.ts";
import { statusOf } from "./connect.ts";

export interface ReflectorOptions<O extends Resource> {
  readonly client: KubeClient;
  readonly kind: KindRef;
  readonly cache: Cache<O>;
  readonly clock: Clock;
  readonly log: Log;
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly pageSize?: number;
  /** What of an object is kept in the cache. Absent: all but managedFields. */
  readonly keep?: (object: Stored<O>) => Stored<O>;
  /** Jitter, in [0, 1). */
  readonly random?: () => number;
}

// A server that was away is followed again within the cap: a longer one would add to every outage what it lasted.
const backoff = { baseMs: 100, capMs: 5_000 };
// A server that accepts watches and closes them at once must not be asked in a tight loop.
const minWatchMs = 1_000;
const relistAfter = 5;

/**
 * Keeps a cache equal to what a server holds, for as long as it lives, through anything the server does.
 *
 * ```
 *  listing ──list──► watching ──event/bookmark──► watching        (remembers the last resourceVersion)
 *     ▲  ▲ error: backoff │ ended, connection lost, 5xx: backoff, watch again from the last resourceVersion
 *     │  └────────────────┤
 *     └── 410 Gone ───────┘ at once the first time, then with backoff
 * ```
 * `refresh` leads from anywhere to listing. Leaves only by disposal. A kind that is not served yet (404), or that we may not read yet (403), is asked again.
 */
export class Reflector<O extends Resource> implements AsyncDisposable {
  readonly #options: ReflectorOptions<O>;
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;
  readonly #random: () => number;
  readonly #synced = Promise.withResolvers<void>();
  readonly #answered = Promise.withResolvers<void>();
  #lists = 0;
  /** Ends the watch under way. */
  #interrupt = new AbortController();
  /** Who waits for a list that begins after they asked. */
  #wanting: (() => void)[] = [];

  constructor(options: ReflectorOptions<O>) {
    this.#options = options;
    this.#random = options.random ?? Math.random;
    this.#ended = this.#run();
  }

  /** Resolves after the first complete list; never rejects, and stays open when disposed before. */
  get synced(): Promise<void> {
    return this.#synced.promise;
  }

  /** Resolves when the server has given a complete list or has said that we may not have one (which may change). */
  get answered(): Promise<void> {
    return this.#answered.promise;
  }

  /** Complete lists taken so far. */
  get lists(): number {
    return this.#lists;
  }

  /**
   * Lists anew; resolves when the cache holds everything that the server had when this was called, or when the server says
   * that there is nothing for us to read. Stays open while it does not answer, and when disposed before.
   */
  refresh(): Promise<void> {
    const refreshed = new Promise<void>((resolve) => this.#wanting.push(resolve));
    this.#interrupt.abort();
    return refreshed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#interrupt.abort();
    await this.#ended;
  }

  async #run(): Promise<void> {
    const { clock, log, kind } = this.#options;
    let resourceVersion: string | undefined;
    let failures = 0;
    let told = "";
    while (!this.#stop.signal.aborted) {
      const startedAt = clock.now();
      try {
        if (this.#wanting.length > 0) resourceVersion = undefined;
        // A server that does not answer must not keep whoever wants to end.
        resourceVersion ??= await beforeAborted(this.#stop.signal, () => this.#list());
        if (this.#wanting.length > 0) continue;
        const seen = await this.#watch(resourceVersion);
        resourceVersion = seen.resourceVersion;
        if (seen.thrown !== undefined) throw seen.thrown;
        if (this.#wanting.length > 0) continue;
        // A watch that lived is a success; one that was closed at once counts as a failure, so that waits grow.
        failures = clock.now() - startedAt >= minWatchMs || seen.events > 0 ? 0 : failures + 1;
        told = "";
        if (failures > 0) await this.#pause(failures);
      } catch (thrown) {
        if (this.#stop.signal.aborted) return;
        if (statusOf(thrown) === 403) this.#answered.resolve();
        // A kind that is not served, or not to us, has nothing newer to read.
        if ([403, 404].includes(statusOf(thrown) ?? 0)) for (const resolve of this.#wanting.splice(0)) resolve();
        if (statusOf(thrown) === 410) {
          resourceVersion = undefined;
          log.debug("watch expired, listing again", { kind: kind.kind });
          if (failures++ === 0) continue;
        } else {
          failures = clock.now() - startedAt >= minWatchMs * 10 ? 1 : failures + 1;
          const message = messageOf(thrown);
          // A server restored from an older copy answers 504 for ever to a version that it never had.
          if (failures % relistAfter === 0) resourceVersion = undefined;
          if (message !== told)
            log.warn("cannot follow the Kubernetes API, trying again", { kind: kind.kind, error: message });
          told = message;
        }
        await this.#pause(failures);
      }
    }
  }

  async #list(): Promise<string> {
    const { client, kind, cache, namespace, labelSelector, fieldSelector, pageSize, keep } = this.#options;
    const wanting = this.#wanting.length;
    this.#interrupt = new AbortController();
    const list = await client.list<O>(kind, {
      ...(namespace === undefined ? {} : { namespace }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
      ...(pageSize === undefined ? {} : { pageSize }),
    });
    if (this.#stop.signal.aborted) throw this.#stop.signal.reason;
    cache.replaceAll(keep ? list.items.map(keep) : list.items, list.resourceVersion, namespace);
    this.#lists++;
    this.#synced.resolve();
    this.#answered.resolve();
    // Whoever asked meanwhile wants a later one.
    for (const resolve of this.#wanting.splice(0, wanting)) resolve();
    return list.resourceVersion;
  }

  /** Follows one watch. An error comes back beside the last version seen, so that nothing is watched twice. */
  async #watch(from: string): Promise<{ resourceVersion: string; events: number; thrown?: unknown }> {
    const { client, kind, cache, namespace, labelSelector, fieldSelector, keep } = this.#options;
    let resourceVersion = from;
    let events = 0;
    try {
      const stream = client.watch<O>(kind, {
        resourceVersion,
        signal: this.#interrupt.signal,
        ...(namespace === undefined ? {} : { namespace }),
        ...(labelSelector === undefined ? {} : { labelSelector }),
        ...(fieldSelector === undefined ? {} : { fieldSelector }),
      });
      for await (const event of stream) {
        events++;
        if (event.type === "BOOKMARK") {
          resourceVersion = event.resourceVersion;
          continue;
        }
        cache.observe(event.type, keep ? keep(event.object) : event.object);
        resourceVersion = event.object.metadata.resourceVersion;
      }
      return { resourceVersion, events };
    } catch (thrown) {
      return { resourceVersion, events, thrown };
    }
  }

  async #pause(failures: number): Promise<void> {
    const ms = backoffMs(Math.max(0, failures - 1), backoff, this.#random);
    await this.#options.clock.sleep(ms, this.#stop.signal).catch(() => undefined);
  }
}
