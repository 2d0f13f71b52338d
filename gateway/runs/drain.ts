import type { Clock } from "../../lib/clock.ts";
import { OwnedRuns } from "./owned-runs.ts";

/**
 * Stopping without loss: what is in flight is finished, and a run goes back to the queue between two of its calls, where
 * another gateway goes on with it. A call that is cut would be paid in full, and a tool's may have had its effect.
 */
export class Drain {
  /** The runs whose streams are open here. */
  readonly owned = new OwnedRuns(() => this.#look());
  readonly #inFlight = new Map<string, number>();
  #begun = false;
  #settle: (() => void) | undefined;

  get begun(): boolean {
    return this.#begun;
  }

  /** A call of a run, until disposed. */
  enter(runId: string): Disposable {
    this.#inFlight.set(runId, (this.#inFlight.get(runId) ?? 0) + 1);
    return { [Symbol.dispose]: () => this.#leave(runId) };
  }

  /** Resolves when nothing is in flight and no run is held any more, or after `ms`. */
  async finish(ms: number, clock: Clock): Promise<void> {
    this.#begun = true;
    if (this.#done()) return;
    await new Promise<void>((resolve) => {
      const limit = clock.after(ms, resolve);
      this.#settle = () => {
        limit[Symbol.dispose]();
        resolve();
      };
      this.#look();
    });
  }

  #leave(runId: string): void {
    const left = this.#inFlight.get(runId)! - 1;
    if (left > 0) return void this.#inFlight.set(runId, left);
    this.#inFlight.delete(runId);
    if (this.#begun) this.owned.letGo(runId);
    this.#look();
  }

  #done(): boolean {
    return this.#inFlight.size === 0 && this.owned.size === 0;
  }

  #look(): void {
    if (this.#begun && this.#done()) this.#settle?.();
  }
}
