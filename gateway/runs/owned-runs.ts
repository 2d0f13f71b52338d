/** The runs whose claim stream is open here, so that the end of a run also ends its stream. */
export class OwnedRuns {
  readonly #runs = new Map<string, { readonly epoch: number; readonly end: () => void; told?: string }>();

  readonly #returning = new Set<Promise<void>>();
  readonly #changed: () => void;

  /** `changed` is called when a run is held no more. */
  constructor(changed: () => void = () => {}) {
    this.#changed = changed;
  }

  get size(): number {
    return this.#runs.size;
  }

  add(runId: string, epoch: number, end: () => void): void {
    this.#runs.set(runId, { epoch, end });
  }

  /** Remembers why a run's last answer was not accepted. */
  tell(runId: string, why: string): void {
    const found = this.#runs.get(runId);
    if (found) found.told = why;
  }

  /** What `tell` said last. */
  told(runId: string): string | undefined {
    return this.#runs.get(runId)?.told;
  }

  /** True when it was there: its lease is still ours to give up. */
  drop(runId: string, epoch: number): boolean {
    if (this.#runs.get(runId)?.epoch !== epoch) return false;
    this.#runs.delete(runId);
    this.#changed();
    return true;
  }

  /** Remembers that a run is on its way back to the queue, so that stopping can wait for it. */
  returning(release: Promise<void>): void {
    const kept = release.finally(() => this.#returning.delete(kept));
    this.#returning.add(kept);
  }

  /** Resolves when every run that was let go of is back in the queue, or could not be brought there. */
  async returned(): Promise<void> {
    await Promise.allSettled(this.#returning);
  }

  /** Ends a run's stream, which gives it back to the queue. */
  letGo(runId: string): void {
    this.#runs.get(runId)?.end();
  }

  /** The run is over, or another's: its stream ends and no lease is left to give up. */
  finish(runId: string, epoch: number): void {
    const found = this.#runs.get(runId);
    if (!found || found.epoch !== epoch) return;
    this.#runs.delete(runId);
    found.end();
    this.#changed();
  }
}
