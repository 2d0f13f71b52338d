import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Change } from "../store/entry.ts";

/** Changes that may wait for one slow client. They are references to shared changes, so waiting costs little memory. */
const maxWaiting = 20_000;
const sliceLines = 200;

/**
 * One open watch.
 *
 *   starting ──run()──► replaying the past ──► live ──end()──► ended
 *
 * While it replays or the socket is full, changes wait in a bounded queue; live and drained, a change is written in
 * the same turn in which it was published. When too many wait, the client gets an error line and is closed.
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
    });
  }

  /** Takes a published change. */
  offer(change: Change): void {
    if (!this.#open) return;
    if (this.#live && this.#drained) {
      this.line(this.#lineFor(change));
    } else if (this.#waiting.push(change) > maxWaiting) this.end(this.#tooSlow());
  }

  /** Writes one line now, whatever waits: bookmarks and the replay. */
  line(bytes: Buffer | undefined): void {
    if (!this.#open || !bytes || this.#response.write(bytes)) return;
    this.#drained = false;
    this.#response.once("drain", () => void this.#drain());
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
    const closed = once(this.#response, "close");
    let count = 0;
    for (const bytes of past) {
      this.line(bytes);
      if (!this.#drained) await Promise.race([once(this.#response, "drain"), closed]);
      else if (++count % sliceLines === 0) await nextTurn();
      if (!this.#open) return;
    }
    this.line(last);
    this.#live = true;
    if (this.#drained) await this.#drain();
    await closed;
  }

  async #drain(): Promise<void> {
    this.#drained = true;
    if (!this.#live) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (let index = 0; index < waiting.length && this.#open; index++) {
      if (!this.#drained) {
        this.#waiting = [...waiting.slice(index), ...this.#waiting];
        return;
      }
      this.line(this.#lineFor(waiting[index]!));
    }
  }
}
