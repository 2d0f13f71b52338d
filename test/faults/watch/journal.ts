import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import type { Fact } from "./history.ts";

/** A history on the disk, one JSON line for each fact, in the order in which they were observed. */
export class Journal implements Disposable {
  readonly file: string;
  readonly #fd: number;
  #lines: string[] = [];
  #streams = 0;

  constructor(file: string) {
    this.file = file;
    this.#fd = openSync(file, "a", 0o600);
  }

  /** A number that no other stream has. */
  nextStream(): number {
    return ++this.#streams;
  }

  add(fact: Fact): void {
    if (this.#lines.push(JSON.stringify(fact)) >= 2_000) this.flush();
  }

  flush(): void {
    if (this.#lines.length > 0) writeSync(this.#fd, `${this.#lines.join("\n")}\n`);
    this.#lines = [];
  }

  [Symbol.dispose](): void {
    this.flush();
    closeSync(this.#fd);
  }
}

export function readJournal(file: string): readonly Fact[] {
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Fact);
}
