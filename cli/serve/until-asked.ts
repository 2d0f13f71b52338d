/**
 * Does `work` until it ends by itself or the process is asked to end by SIGTERM or SIGINT, which it listens for from before
 * the first step: process 1 of a container ignores a signal that nobody listens for. `asked` aborts then, and work that
 * throws its reason has ended in order. A second signal ends the process at once.
 */
export async function untilAsked(work: (asked: AbortSignal) => Promise<void>): Promise<void> {
  const asked = new AbortController();
  const ask = () => {
    if (asked.signal.aborted) process.exit(130);
    asked.abort();
  };
  process.on("SIGTERM", ask);
  process.on("SIGINT", ask);
  try {
    await work(asked.signal);
  } catch (thrown) {
    if (!asked.signal.aborted || thrown !== asked.signal.reason) throw thrown;
  }
}
