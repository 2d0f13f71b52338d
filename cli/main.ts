import { setImmediate as nextTurn } from "node:timers/promises";

// Loading takes most of a second, and process 1 of a container ignores a signal that nobody listens for: a pod that is asked
// to end meanwhile would cost its whole grace. Nothing has begun yet, so there is nothing to end in order.
const leave = () => process.exit(143);
process.on("SIGTERM", leave);
const { run } = await import("./program.ts");
// A signal is told between two turns, and one that nobody listens for any more is not told at all.
await nextTurn();
await nextTurn();
process.off("SIGTERM", leave);

process.exitCode = await run(process.argv.slice(2));
// Everything is down by now; a timer that lost its race must not keep a person waiting for the prompt. The empty write
// comes after all that was written before.
process.stdout.write("", () => process.exit());
