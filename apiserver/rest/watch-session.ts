import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Change } from "../store/entry.ts";

/**
 * Changes that may wait for one slow client. They are references to changes that the history holds too, so waiting costs
 * little memory; whoever falls behind the history is closed, so that no client keeps what the server has forgotten.
 */
const maxWaiting = 20_000;
const maxWriteBytes = 256 << 10;
const replayLines = 200;

/**
 * One open watch.
 *
 *   starting ──run()──► replaying the past ──► live ──end()──► ended
 *
 * Changes wait in a bounded queue until `flush`; while the past is replayed or the socket is full they go on waiting.
 * What waits together is written together. When too many wait, the client gets an error line and is closed.
 */
export class WatchSession {
  readonly #response: ServerResponse;
  readonly #lineFor: (change: Change) => Buffer | undefined;
  readonly #tooSlow: () => Buffer;
  #waiting: Change[] = [];
  #live = false;
  #open = true;
  #drained = true;

  constructor(response: ServerResponse, lineFor: (change: Change) => Buffer | undefined, tooSlow: () => Buffer) {
    this.#response = response;
    this.#lineFor = lineFor;
    this.#tooSlow = tooSlow;
    response.once("close", () => {
      this.#open = false;
      this.#waiting = [];
    });
  }

  /** Takes a published change; it is written by the next `flush`. `compacted` is what the history has forgotten by now. */
  offer(change: Change, compacted: number): void {
    if (!this.#open) return;
    const count = this.#waiting.push(change);
    if (count > maxWaiting || this.#waiting[0]!.entry.revision <= compacted) this.end(this.#tooSlow());
  }

  /** Writes what waits, as far as the client takes it. */
  flush(): void {
    if (!this.#live || !this.#drained || this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    let parts: Buffer[] = [];
    let bytes = 0;
    for (let index = 0; index < waiting.length; index++) {
      const line = this.#lineFor(waiting[index]!);
      if (line) bytes += parts[parts.push(line) - 1]!.length;
      if (bytes < maxWriteBytes && index < waiting.length - 1) continue;
      this.#write(parts);
      if (!this.#drained) {
        this.#waiting = waiting.slice(index + 1);
        return;
      }
      parts = [];
      bytes = 0;
    }
  }

  /** Tells how far the client is, unless something still waits: then a bookmark would skip it. */
  bookmark(make: () => Buffer): void {
    if (this.#live && this.#drained && this.#waiting.length === 0) this.#write([make()]);
  }

  /** Ends the watch, with a last line where there is something to say. */
  end(last?: Buffer): void {
    if (!this.#open) return;
    this.#open = false;
    this.#waiting = [];
    this.#response.end(last);
    // A client that reads nothing would otherwise hold the socket for ever.
    if (!this.#drained) this.#response.destroy();
  }

  /** Replays the past, then goes live. Resolves when the watch has ended. */
  async run(past: Iterable<Buffer | undefined>, last?: Buffer): Promise<void> {
    // Whoever left before we began will not close again.
    if (this.#response.closed || this.#response.destroyed) return this.end();
    const closed = once(this.#response, "close");
    let count = 0;
    for (const line of past) {
      if (line) this.#write([line]);
      if (!this.#drained) await Promise.race([once(this.#response, "drain"), closed]);
      else if (++count % replayLines === 0) await nextTurn();
      if (!this.#open) return;
    }
    if (last) this.#write([last]);
    this.#live = true;
    this.flush();
    await closed;
  }

  #write(parts: readonly Buffer[]): void {
    if (!this.#open || parts.length === 0) return;
    if (this.#response.write(parts.length === 1 ? parts[0]! : Buffer.concat(parts))) return;
    this.#drained = false;
    this.#response.once("drain", () => {
      this.#drained = true;
      this.flush();
    });
  }
}
