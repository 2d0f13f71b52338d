/** The runs whose claim stream is open here, so that the end of a run also ends its stream. */
export class OwnedRuns {
  readonly #runs = new Map<string, { readonly epoch: number; readonly end: () => void }>();

  get size(): number {
    return this.#runs.size;
  }

  add(runId: string, epoch: number, end: () => void): void {
    this.#runs.set(runId, { epoch, end });
  }

  /** True when it was there: its lease is still ours to give up. */
  drop(runId: string, epoch: number): boolean {
    if (this.#runs.get(runId)?.epoch !== epoch) return false;
    return this.#runs.delete(runId);
  }

  /** The run is over, or another's: its stream ends and no lease is left to give up. */
  finish(runId: string, epoch: number): void {
    const found = this.#runs.get(runId);
    if (!found || found.epoch !== epoch) return;
    this.#runs.delete(runId);
    found.end();
  }
}
