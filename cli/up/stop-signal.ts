import type { Clock } from "../../lib/clock.ts";
import type { Io } from "../io.ts";

// A terminal sends Ctrl-C to the whole process group, and npm may pass it on once more: that is one wish, not two.
const sameWishMs = 500;
const patienceMs = 15_000;

/**
 * Resolves when the process is asked to stop: Ctrl-C, SIGTERM, SIGHUP, or the end of the bootstrap that started it. A
 * second Ctrl-C, or stopping for longer than fifteen seconds, ends the process at once; its children end with it.
 */
export function stopSignal(io: Io, clock: Clock): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let askedAt: number | undefined;
  const ask = (): void => {
    if (askedAt !== undefined) {
      if (clock.now() - askedAt < sameWishMs) return;
      io.err("stopping at once\n");
      process.exit(130);
    }
    askedAt = clock.now();
    clock.after(patienceMs, () => {
      io.err("stopping took too long; ending at once\n");
      process.exit(1);
    });
    resolve();
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, ask);
  watchParent(io, clock, ask);
  return promise;
}

/** A bootstrap that is killed cannot tell us: our parent changes then. */
function watchParent(io: Io, clock: Clock, gone: () => void): void {
  const parent = process.ppid;
  if (io.env.ROSTER_BOOTSTRAP !== String(parent)) return;
  const look = (): void => {
    if (process.ppid === parent) clock.after(1_000, look);
    else gone();
  };
  look();
}
