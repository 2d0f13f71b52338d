/** Full-jitter exponential backoff: the n-th wait lies between half and all of min(cap, base × 2ⁿ). */
export function backoffMs(
  attempt: number,
  options: { readonly baseMs: number; readonly capMs: number },
  random: () => number,
): number {
  // 2^30 × base is beyond any cap; without the bound the power overflows after a long outage.
  const ceiling = Math.min(options.capMs, options.baseMs * 2 ** Math.min(attempt, 30));
  return Math.round(ceiling * (0.5 + 0.5 * random()));
}
