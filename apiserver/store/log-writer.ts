import { Worker } from "node:worker_threads";
import { problem } from "../../api/reasons.ts";
import { messageOf } from "../../lib/problem.ts";
import type { Batch, Row } from "./database.ts";

/** What the writing thread answers: once when it has opened the log, then once for each batch, in order. */
export interface Written {
  /** Why it failed; absent when all is on the disk. */
  readonly error?: string;
  /** No later batch will be taken either. */
  readonly lost?: boolean;
}

/** A batch on its way: all bodies one after the other in one piece of memory, which changes hands without a copy. */
export interface Packed extends Omit<Batch, "rows"> {
  readonly rows: readonly (Omit<Row, "body"> & { readonly length: number })[];
  readonly bodies: Uint8Array<ArrayBuffer>;
}

/** The batch that was packed. */
export function unpack({ rows, bodies, forget, compacted }: Packed): Batch {
  let end = 0;
  const unpacked = rows.map(({ length, ...row }) => {
    end += length;
    return { ...row, body: bodies.subarray(end - length, end) };
  });
  return { rows: unpacked, forget, compacted };
}

function pack({ rows, forget, compacted }: Batch): Packed {
  // Not from Node's pool: a view of that would take the whole pool along.
  const bodies = new Uint8Array(rows.reduce((sum, { body }) => sum + body.length, 0));
  let at = 0;
  for (const { body } of rows) {
    bodies.set(body, at);
    at += body.length;
  }
  return { rows: rows.map(({ body, ...row }) => ({ ...row, length: body.length })), bodies, forget, compacted };
}

interface Due {
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * The log, open for writing in a thread of its own: a sync to the disk takes from a tenth of a millisecond to seconds,
 * and whoever only reads does not wait for it. Batches are committed in the order in which they are given.
 */
export class LogWriter implements AsyncDisposable {
  /** Resolves when the log is open. Throws `KubeUnavailable`. */
  readonly ready: Promise<void>;
  readonly #worker: Worker;
  readonly #ended: Promise<unknown>;
  #due: Due[] = [];
  #over: string | undefined;
  #lost = false;

  constructor(folder: string) {
    this.#worker = new Worker(new URL("./log-thread.ts", import.meta.url), { workerData: { folder } });
    this.#ended = new Promise((resolve) => this.#worker.once("exit", resolve));
    this.#worker.on("message", (written: Written) => this.#settle(written));
    this.#worker.on("error", (error) => this.#stop(`its thread failed: ${String(error)}`));
    this.#worker.on("exit", () => this.#stop("its thread has ended"));
    this.ready = this.#answer();
    // Who never writes need not hear of it; who does is told with each write.
    this.ready.catch(() => {});
  }

  /** False when nothing will be written until the server is started anew; a full disk alone is waited for. */
  get writable(): boolean {
    return this.#over === undefined && !this.#lost;
  }

  /** Resolves when the batch is on the disk, whole. Rejects with `KubeUnavailable` when nothing of it counts. */
  append(batch: Batch): Promise<void> {
    if (this.#over === undefined) {
      try {
        const packed = pack(batch);
        this.#worker.postMessage(packed, [packed.bodies.buffer]);
      } catch (error) {
        // Answers come in order: one is waited for only when it was asked for.
        const why = `its thread cannot be handed what is to be written: ${messageOf(error)}`;
        return Promise.reject(problem("KubeUnavailable", `cannot write to the API server's store: ${why}`));
      }
    }
    return this.#answer();
  }

  /** Closes the log after the last batch. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#over === undefined) this.#worker.postMessage("close");
    // A process that only waits for this must not end before.
    this.#worker.ref();
    await this.#ended;
  }

  #answer(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#over !== undefined) return reject(failed(this.#over));
      this.#due.push({ resolve, reject });
      this.#worker.ref();
    });
  }

  #settle({ error, lost }: Written): void {
    if (lost) this.#lost = true;
    const due = this.#due.shift();
    if (error === undefined) due?.resolve();
    else due?.reject(problem("KubeUnavailable", error));
    if (this.#due.length === 0) this.#worker.unref();
  }

  #stop(why: string): void {
    this.#over ??= why;
    for (const due of this.#due.splice(0)) due.reject(failed(why));
  }
}

function failed(why: string): Error {
  return problem("KubeUnavailable", `cannot write to the API server's store: ${why}; restart it`);
}
