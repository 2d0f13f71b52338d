/** One measured row: a subject arm and, where there is one, the arm it is compared with, interleaved in the same run. */
export interface Row {
  readonly name: string;
  /** What a value counts: "ms", "per s", "KiB", "MiB". */
  readonly unit: string;
  readonly better: "lower" | "higher";
  readonly subject: readonly number[];
  readonly against?: { readonly name: string; readonly values: readonly number[] };
  /** Sizes, clients, rows: whatever a reader needs to judge the figure. */
  readonly facts?: Readonly<Record<string, string | number>>;
}

export interface Benchmark {
  readonly name: string;
  readonly about: string;
  run(options: BenchOptions): Promise<readonly Row[]>;
}

export interface BenchOptions {
  /** Fewer rounds and smaller sizes, to try the benchmark itself. Never compared with ranges. */
  readonly quick: boolean;
  progress(text: string): void;
}

/** The value below which `share` of the values lie (nearest rank). */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? Number.NaN;
}

/** Runs `act` once and gives its duration in ms. */
export async function timed(act: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await act();
  return performance.now() - start;
}
