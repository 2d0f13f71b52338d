// Preloaded into every child of `roster up`. The parent holds the other end of our standard input and never writes to it:
// when it ends, the parent is gone, however it went, and nobody would stop us any more.
import process from "node:process";
import { isMainThread } from "node:worker_threads";

const graceMs = 3_000;

function orphaned(): void {
  // First as the parent would have asked, so that a worker gives its run back; then without asking.
  setTimeout(() => process.exit(1), graceMs).unref();
  process.kill(process.pid, "SIGTERM");
}

// A worker thread preloads this too, and its own standard input is empty from the start.
if (isMainThread) {
  process.stdin.on("end", orphaned).on("error", orphaned).resume();
  // The child's own work decides how long it lives, not this pipe.
  (process.stdin as { unref?: () => void }).unref?.();
}
