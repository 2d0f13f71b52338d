import { setImmediate as nextTurn } from "node:timers/promises";
import { Problem } from "../lib/problem.ts";

/** What became of one item of a batch. */
export type Outcome<R> = { readonly value: R } | { readonly thrown: unknown };

// While many call, the next batch waits so many turns of the loop for more of them: turns of a busy loop are a good part of
// a millisecond each, turns of an idle one nothing. 10,000 hires took some 5 % less time with 16 and more than with 4.
const patientTurns = 32;

/**
 * Performs single calls together: those that come while one batch is under way are the next one, so that many callers pay
 * for one round trip and one commit, and a lone caller waits for nobody. After a batch of several the next one waits a little
 * for more. A call is never joined to a batch that began before it: what it reads is at least as new as the call.
 */
export class Batch<T, R> {
  readonly #perform: (items: readonly T[]) => Promise<readonly Outcome<R>[]>;
  readonly #most: number;
  #waiting: { readonly item: T; readonly settle: (outcome: Outcome<R>) => void }[] = [];
  #running = false;

  /** `perform` answers one outcome for each item, in order; a throw is the outcome of all. */
  constructor(options: {
    readonly most: number;
    readonly perform: (items: readonly T[]) => Promise<readonly Outcome<R>[]>;
  }) {
    this.#perform = options.perform;
    this.#most = options.most;
  }

  add(item: T): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      const settle = (outcome: Outcome<R>) => ("value" in outcome ? resolve(outcome.value) : reject(outcome.thrown));
      this.#waiting.push({ item, settle });
      if (this.#running) return;
      this.#running = true;
      // A turn of the loop first: callers that were woken by the same event are one batch.
      setImmediate(() => void this.#run());
    });
  }

  async #run(): Promise<void> {
    let turns = 0;
    while (this.#waiting.length > 0) {
      for (let turn = 0; turn < turns && this.#waiting.length < this.#most; turn++) await nextTurn();
      const taken = this.#waiting.splice(0, this.#most);
      turns = taken.length > 1 ? patientTurns : 0;
      const outcomes = await this.#perform(taken.map(({ item }) => item)).catch((thrown: unknown) =>
        taken.map(() => ({ thrown })),
      );
      for (const [index, { settle }] of taken.entries()) settle(outcomes[index]!);
    }
    this.#running = false;
  }
}

/** Outcomes in the order of `items`, each performed by itself. */
export function each<T, R>(items: readonly T[], perform: (item: T) => Promise<R>): Promise<readonly Outcome<R>[]> {
  return Promise.all(
    items.map((item) =>
      perform(item).then(
        (value) => ({ value }),
        (thrown: unknown) => ({ thrown }),
      ),
    ),
  );
}

/** Outcomes in the order of `items`: those with the same key are performed together, beside the others. */
export async function shares<T, R>(
  items: readonly T[],
  keyOf: (item: T) => string,
  perform: (share: readonly T[]) => Promise<readonly Outcome<R>[]>,
): Promise<readonly Outcome<R>[]> {
  const outcomes: Outcome<R>[] = [];
  const places = Map.groupBy(items.keys(), (place) => keyOf(items[place]!));
  await Promise.all(
    [...places.values()].map(async (share) => {
      const all = await perform(share.map((place) => items[place]!)).catch((thrown: unknown) =>
        share.map(() => ({ thrown })),
      );
      for (const [index, place] of share.entries()) outcomes[place] = all[index]!;
    }),
  );
  return outcomes;
}

/**
 * What a failed transaction of many, under one leadership, says about them. `all`: nothing would be done for any of them.
 * `some`: Postgres gave up on it (a lock that somebody holds, a connection that ended): those of another tenant may go on.
 * `one`: it refused something that one of them asked for.
 */
export function reachOf(thrown: unknown): "all" | "some" | "one" {
  if (!(thrown instanceof Problem)) return "one";
  if (["LeadershipLost", "Recovering"].includes(thrown.reason)) return "all";
  if (thrown.reason !== "LedgerUnavailable") return "one";
  return thrown.details.sent === false ? "all" : "some";
}
