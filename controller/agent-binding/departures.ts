import type { AgentBinding } from "../../api/generated/agent-binding.ts";
import type { Cache, Change } from "../../kube/cache.ts";
import type { Clock, Instant } from "../../lib/clock.ts";
import type { Hold } from "./snapshot.ts";

const windowMs = 600_000;
const minimum = 5;
const share = 0.1;

/**
 * Counts how many bindings of each namespace went within ten minutes, so that one commit that deletes a fleet is
 * noticed while step 1 of each firing has already happened. Rebuilt after a restart from those still being deleted.
 */
export class Departures implements Disposable {
  readonly #clock: Clock;
  readonly #cache: Cache<AgentBinding>;
  readonly #subscription: Disposable;
  /** Namespace → UID → when it went, oldest first. */
  readonly #gone = new Map<string, Map<string, Instant>>();

  constructor(cache: Cache<AgentBinding>, clock: Clock) {
    this.#clock = clock;
    this.#cache = cache;
    this.#subscription = cache.subscribe((change) => this.#note(change));
  }

  /** The hold on a namespace where more than max(5, 10 %) of its bindings went within ten minutes. */
  holdOn(namespace: string): Hold | undefined {
    // Those that are held stay in deletion, so that a hold does not end by waiting.
    const departed = Math.max(this.#recent(namespace), this.#cache.countBy("deleting", namespace));
    // Those being deleted still count among all; those already gone are added back.
    const living = this.#cache.countBy("namespace", namespace) - this.#cache.countBy("deleting", namespace);
    const limit = Math.floor(Math.max(minimum, share * (living + departed)));
    return departed > limit ? { kind: "mass", departed, limit } : undefined;
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
  }

  #note({ before, after }: Change<AgentBinding>): void {
    const object = after ?? before;
    if (object === undefined) return;
    const deletedAt = object.metadata.deletionTimestamp;
    if (after !== undefined && deletedAt === undefined) return;
    const { namespace, uid } = object.metadata;
    const gone = this.#gone.get(namespace!) ?? new Map<string, Instant>();
    this.#gone.set(namespace!, gone);
    if (!gone.has(uid)) gone.set(uid, deletedAt === undefined ? this.#clock.now() : Date.parse(deletedAt));
  }

  #recent(namespace: string): number {
    const gone = this.#gone.get(namespace);
    if (gone === undefined) return 0;
    const since = this.#clock.now() - windowMs;
    for (const [uid, at] of gone) {
      if (at >= since) break;
      gone.delete(uid);
    }
    return gone.size;
  }
}
