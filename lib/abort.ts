/** Resolves when the work is done or the signal aborts, whichever comes first. Throws what the work throws before that. */
export async function unlessAborted(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const aborted = Promise.withResolvers<void>();
  const stop = () => aborted.resolve();
  signal.addEventListener("abort", stop, { once: true });
  try {
    await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** Resolves when the signal aborts. */
export async function untilAborted(signal: AbortSignal): Promise<void> {
  const never = new Promise<never>(() => {});
  await unlessAborted(never, signal);
}

/**
 * What the work gives. Throws the signal's reason when that aborts first, and does not begin when it has: work under way is
 * left to itself then, so it is for what ends with the process or is told by other means.
 */
export async function beforeAborted<T>(signal: AbortSignal, begin: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const work = begin();
  await unlessAborted(work, signal);
  signal.throwIfAborted();
  return work;
}
