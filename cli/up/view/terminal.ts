import type { WriteStream } from "node:tty";
import type { Clock } from "../../../lib/clock.ts";

const enter = "\u001b[?1049h\u001b[?25l"; // the alternate screen, cursor hidden: what was on the terminal comes back after
const leave = "\u001b[?25h\u001b[?1049l";
const home = "\u001b[H";
const clearLine = "\u001b[K";
const clearBelow = "\u001b[J";
const minGapMs = 100;

export interface Terminal extends Disposable {
  /** Something changed: draws soon, at most ten times a second. */
  refresh(): void;
}

/** Draws what `draw` gives on a terminal, again after each change, each second and each change of size. */
export function openTerminal(
  stream: WriteStream,
  draw: (size: { readonly columns: number; readonly rows: number }) => readonly string[],
  clock: Clock,
): Terminal {
  let open = true;
  let planned: Disposable | undefined;
  let last = "";
  let soon = false;
  let drawnAt = 0;

  const paint = (): void => {
    planned = undefined;
    soon = false;
    drawnAt = clock.now();
    if (!open) return;
    const lines = draw({ columns: stream.columns || 80, rows: stream.rows || 24 });
    const picture = home + lines.map((line) => line + clearLine).join("\n") + clearBelow;
    if (picture !== last) stream.write(picture);
    last = picture;
    schedule(1_000);
  };
  const schedule = (ms: number): void => {
    planned?.[Symbol.dispose]();
    planned = clock.after(ms, paint);
  };
  const resized = (): void => {
    last = "";
    schedule(0);
  };
  const restore = (): void => {
    if (!open) return;
    open = false;
    planned?.[Symbol.dispose]();
    stream.off("resize", resized);
    stream.write(leave);
  };
  stream.write(enter);
  stream.on("resize", resized);
  // A crash must not leave the user without a cursor.
  process.once("exit", restore);
  paint();
  return {
    refresh() {
      if (!open || soon) return;
      soon = true;
      schedule(Math.max(0, minGapMs - (clock.now() - drawnAt)));
    },
    [Symbol.dispose]() {
      process.off("exit", restore);
      restore();
    },
  };
}
