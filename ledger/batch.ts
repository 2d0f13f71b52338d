/** What became of one item of a batch. */
export type Outcome<R> = { readonly value: R } | { readonly thrown: unknown };

/**
 * Performs single calls together: those that come while one batch is under way are the next one, so that many callers pay
 * for one round trip and one commit, and a lone caller waits for nobody. A call is never joined to a batch that began
 * before it: what it reads is at least as new as the call.
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
    while (this.#waiting.length > 0) {
      const taken = this.#waiting.splice(0, this.#most);
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
