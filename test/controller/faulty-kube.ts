import type { KindRef } from "../../api/kinds.ts";
import { problem } from "../../api/reasons.ts";
import type { Resource } from "../../api/resource.ts";
import type { KubeClient, WatchEvent, WatchOptions } from "../../kube/client.ts";

/** How the watches of a kind misbehave. */
interface Faults {
  /** Set while events wait. */
  held: PromiseWithResolvers<void> | undefined;
  /** Each event comes this many times. */
  times: number;
  /** Two events about different objects that come together change places. */
  swap: boolean;
  /** Ends the watches of now. */
  broken: PromiseWithResolvers<never>;
}

/**
 * A client whose watches can be held back, cut, expired, doubled and put out of order, kind by kind. Requests go to the
 * real server as they are; those that write are counted by verb and kind.
 */
export class FaultyKube {
  readonly client: KubeClient;
  readonly #faults = new Map<string, Faults>();
  readonly #writes = new Map<string, number>();

  constructor(kube: KubeClient) {
    const watch = <O extends Resource>(kind: KindRef, options: WatchOptions) =>
      this.#watch(kind, kube.watch<O>(kind, options), options.signal);
    this.client = new Proxy(kube, {
      get: (target, name) => {
        if (name === "watch") return watch;
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== "function") return value;
        return (...args: readonly unknown[]) => {
          if (
            ["create", "replace", "replaceStatus", "apply", "mergePatch", "jsonPatch", "delete"].includes(String(name))
          ) {
            const what = `${String(name)} ${(args[0] as KindRef).kind}`;
            this.#writes.set(what, (this.#writes.get(what) ?? 0) + 1);
          }
          return value.apply(target, args);
        };
      },
    });
  }

  /** Writes so far, such as `create AgentRun`. */
  writes(what: string): number {
    return this.#writes.get(what) ?? 0;
  }

  /** Every write so far. */
  get allWrites(): number {
    return [...this.#writes.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Keeps events of a kind back until the answer is called. */
  hold(kind: KindRef): () => void {
    const faults = this.#of(kind);
    const held = Promise.withResolvers<void>();
    faults.held = held;
    return () => {
      faults.held = undefined;
      held.resolve();
    };
  }

  /** Ends the watches of a kind: with 410, as after compaction, or as a lost connection does. Events that wait are lost. */
  end(kind: KindRef, how: "expired" | "cut"): void {
    const faults = this.#of(kind);
    const { broken } = faults;
    faults.broken = breakable();
    broken.reject(
      how === "expired"
        ? problem("KubeUnavailable", "too old resource version", { details: { status: 410 } })
        : problem("KubeUnavailable", "the connection was cut"),
    );
  }

  /** From now on each event of a kind comes twice, and neighbours change places. */
  garble(kind: KindRef): void {
    const faults = this.#of(kind);
    faults.times = 2;
    faults.swap = true;
  }

  #of({ group, kind }: KindRef): Faults {
    const id = `${group}/${kind}`;
    const found = this.#faults.get(id);
    if (found !== undefined) return found;
    const made: Faults = { held: undefined, times: 1, swap: false, broken: breakable() };
    this.#faults.set(id, made);
    return made;
  }

  async *#watch<O extends Resource>(
    kind: KindRef,
    events: AsyncIterable<WatchEvent<O>>,
    signal: AbortSignal,
  ): AsyncGenerator<WatchEvent<O>> {
    const faults = this.#of(kind);
    const { broken } = faults;
    const aborted = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    const source = events[Symbol.asyncIterator]();
    let waiting: WatchEvent<O> | undefined;
    let next: Promise<IteratorResult<WatchEvent<O>>> | undefined;
    try {
      for (;;) {
        next ??= source.next();
        // A short while for a neighbour to change places with.
        const patience =
          waiting === undefined ? [] : [new Promise<"alone">((resolve) => setTimeout(resolve, 5, "alone"))];
        const got = await Promise.race([next, broken.promise, ...patience]);
        if (got === "alone") {
          yield* this.#deliver(faults, waiting!, broken.promise, aborted);
          waiting = undefined;
          continue;
        }
        next = undefined;
        if (got.done) return;
        if (!faults.swap || waiting !== undefined || got.value.type === "BOOKMARK") {
          const isNeighbour = waiting !== undefined && got.value.type !== "BOOKMARK" && waiting.type !== "BOOKMARK";
          const isOther = isNeighbour && nameOf(got.value) !== nameOf(waiting!);
          const order = isOther ? [got.value, waiting!] : [...(waiting === undefined ? [] : [waiting]), got.value];
          waiting = undefined;
          for (const event of order) yield* this.#deliver(faults, event, broken.promise, aborted);
        } else {
          waiting = got.value;
        }
      }
    } finally {
      void source.return?.(undefined);
    }
  }

  async *#deliver<O extends Resource>(
    faults: Faults,
    event: WatchEvent<O>,
    broken: Promise<never>,
    aborted: Promise<void>,
  ): AsyncGenerator<WatchEvent<O>> {
    while (faults.held !== undefined) {
      const { promise } = faults.held;
      const over = await Promise.race([promise.then(() => false), broken, aborted.then(() => true)]);
      if (over) return;
    }
    for (let time = 0; time < faults.times; time++) yield event;
  }
}

/** A break that nobody may be waiting for. */
function breakable(): PromiseWithResolvers<never> {
  const broken = Promise.withResolvers<never>();
  broken.promise.catch(() => undefined);
  return broken;
}

function nameOf(event: WatchEvent): string {
  return event.type === "BOOKMARK" ? "" : `${event.object.metadata.namespace}/${event.object.metadata.name}`;
}
