/** Measures durations for headers and metrics. No decision may depend on it: decisions take a `Clock`. */
export interface Stopwatch {
  /** Milliseconds since the start, with fractions, less what was spent outside. */
  overheadMs(): number;
  /** Runs something that is not ours to answer for (a provider, a tool server) and leaves its time out. */
  outside<T>(work: () => Promise<T>): Promise<T>;
}

/** Starts at once. */
export function startStopwatch(): Stopwatch {
  const started = performance.now();
  let outsideMs = 0;
  return {
    overheadMs: () => performance.now() - started - outsideMs,
    async outside(work) {
      const from = performance.now();
      try {
        return await work();
      } finally {
        outsideMs += performance.now() - from;
      }
    },
  };
}
