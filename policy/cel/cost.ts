import { weigh } from "./values.ts";

/** Kubernetes' limit for one evaluation of one rule (`celconfig.PerCallLimit`). */
export const perCallLimit = 1_000_000;

/** Thrown inside an evaluation that used up its budget. CEL's `||` may swallow it, so `exceeded` is what counts. */
export class CostExceeded extends Error {
  override readonly name = "CostExceeded";
}

/**
 * Counts what an evaluation does. One meter serves the whole process because evaluation is synchronous; `measure` saves
 * and restores it, so that a lazily evaluated variable inside a rule has a budget of its own.
 */
class Meter {
  #spent = 0;
  #limit = 0;

  charge(amount: number): void {
    this.#spent += amount;
    if (this.#spent > this.#limit) throw new CostExceeded(`expression used more than ${this.#limit} cost units`);
  }

  /** Runs `act` with at most `limit` units; the third fact says whether it ran out, whatever `act` answered. */
  measure<T>(limit: number, act: () => T): { value?: T; thrown?: unknown; cost: number; exceeded: boolean } {
    const outer = [this.#spent, this.#limit] as const;
    this.#spent = 0;
    this.#limit = limit;
    try {
      const value = act();
      return { value, cost: this.#spent, exceeded: this.#spent > limit };
    } catch (thrown) {
      return { thrown, cost: this.#spent, exceeded: this.#spent > limit };
    } finally {
      [this.#spent, this.#limit] = outer;
    }
  }
}

export const meter = new Meter();

/** What walking over arguments may cost: a product for pairs of strings or lists, since searching compares both. */
export function chargeArguments(values: readonly unknown[]): void {
  let sum = 1;
  let product = 1;
  for (const value of values) {
    if (typeof value === "string" || Array.isArray(value)) {
      const weight = typeof value === "string" ? Math.ceil(value.length * 0.1) : value.length;
      product *= Math.max(1, weight);
      sum += weight;
    }
  }
  meter.charge(Math.max(sum, product));
}

/** Comparing two trees walks at most over the first. */
export function chargeComparison(left: unknown, right: unknown): void {
  const nested = typeof left === "object" && typeof right === "object";
  meter.charge(nested ? weigh(left) : typeof left === "string" ? 1 + left.length * 0.1 : 1);
}

/** `x in list` compares x with every item. */
export function chargeMembership(value: unknown, range: unknown): void {
  meter.charge(Array.isArray(range) ? 1 + range.length * (typeof value === "object" ? weigh(value) : 1) : 1);
}

export function chargeResult(value: unknown): void {
  if (typeof value === "string") meter.charge(value.length * 0.1);
  else if (Array.isArray(value)) meter.charge(value.length);
}
