import { createInterface } from "node:readline/promises";
import { problem } from "../api/reasons.ts";
import type { Io } from "./io.ts";

/** Asks a person to type a word before something that cannot be taken back. Throws InvalidRequest where nobody can, or did. */
export async function confirm(word: string, io: Io): Promise<void> {
  if (!io.terminal || !process.stdin.isTTY)
    throw problem("InvalidRequest", "nobody can be asked here: say --yes if this is what you want");
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const typed = await lines.question(`Type ${word} to go on: `);
    if (typed.trim() !== word) throw problem("InvalidRequest", `that was not "${word}"; nothing was done`);
  } finally {
    lines.close();
  }
}
