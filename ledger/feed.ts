import { randomBytes } from "node:crypto";
import pg from "pg";
import { systemClock } from "../lib/clock.ts";
import { base32 } from "../lib/ids.ts";
import type { Log } from "../lib/log.ts";
import { messageOf } from "../lib/problem.ts";
import type { Channel, Feed } from "./ledger.ts";
import { connectTimeoutMs } from "./sql.ts";

const channels: readonly Channel[] = ["queue", "runs", "authority", "money", "bindings", "tools"];
const wire = "roster";

/**
 * Wakes subscribers after commits, here at once and in other processes by one notifier on a connection of its own.
 * States: connecting → listening → (lost) → connecting … → closed. NOTIFY is never part of a guard or queue transaction:
 * it takes a lock that all commits of the database share. A wake-up may be lost with the process; whoever waits also polls.
 */
export class FeedHub implements Feed, AsyncDisposable {
  readonly #url: string;
  readonly #log: Log;
  readonly #self = base32(randomBytes(10));
  readonly #subscribers = new Map<Channel, Set<() => void>>();
  readonly #due = new Set<Channel>();
  readonly #outbox = new Set<Channel>();
  readonly #closed = new AbortController();
  #client: pg.Client | undefined;
  #sending = false;
  #loop: Promise<void> | undefined;

  constructor(url: string, log: Log) {
    this.#url = url;
    this.#log = log;
  }

  open(): void {
    this.#loop = this.#listen();
  }

  subscribe(channel: Channel, wake: () => void): Disposable {
    const set = this.#subscribers.get(channel) ?? new Set();
    this.#subscribers.set(channel, set);
    // Its own function per subscription, so that the same callback given twice is two subscriptions.
    const call = () => wake();
    set.add(call);
    return { [Symbol.dispose]: () => void set.delete(call) };
  }

  /** Called after a commit. */
  poke(committed: readonly Channel[]): void {
    for (const channel of committed) {
      this.#wake(channel);
      this.#outbox.add(channel);
    }
    void this.#send();
  }

  #wake(channel: Channel): void {
    if (this.#due.size === 0)
      setImmediate(() => {
        const due = [...this.#due];
        this.#due.clear();
        for (const name of due) for (const call of [...(this.#subscribers.get(name) ?? [])]) call();
      });
    this.#due.add(channel);
  }

  async #send(): Promise<void> {
    if (this.#sending) return;
    this.#sending = true;
    try {
      while (this.#client && this.#outbox.size > 0) {
        const batch = [...this.#outbox];
        this.#outbox.clear();
        await this.#client.query("select pg_notify($1, $2)", [wire, `${this.#self} ${batch.join(" ")}`]);
      }
    } catch {
      // The connection is lost; its end event reconnects, and every process wakes all when it does.
    } finally {
      this.#sending = false;
    }
  }

  async #listen(): Promise<void> {
    // Real time: this waits for a network, which no test clock moves.
    for (let pauseMs = 50; !this.#closed.signal.aborted; pauseMs = Math.min(pauseMs * 2, 2_000)) {
      const client = new pg.Client({
        connectionString: this.#url,
        connectionTimeoutMillis: connectTimeoutMs,
        keepAlive: true,
        application_name: "roster feed",
      });
      const ended = new Promise<void>((resolve) => {
        client.on("end", resolve);
        client.on("error", (thrown) => {
          this.#log.debug("the ledger's feed lost its connection", { message: messageOf(thrown) });
          resolve();
        });
      });
      try {
        await client.connect();
        client.on("notification", ({ payload }) => this.#receive(payload ?? ""));
        await client.query(`listen ${wire}`);
        this.#client = client;
        pauseMs = 50;
        for (const channel of channels) this.#wake(channel);
        void this.#send();
        if (this.#closed.signal.aborted) break;
        await ended;
      } catch (thrown) {
        this.#log.debug("the ledger's feed cannot connect", { message: messageOf(thrown) });
      } finally {
        this.#client = undefined;
        await client.end().catch(() => {});
      }
      if (!this.#closed.signal.aborted) await systemClock.sleep(pauseMs, this.#closed.signal).catch(() => {});
    }
  }

  #receive(payload: string): void {
    const [from, ...named] = payload.split(" ");
    if (from === this.#self) return;
    for (const channel of channels) if (named.includes(channel)) this.#wake(channel);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort();
    await this.#client?.end().catch(() => {});
    await this.#loop;
    this.#subscribers.clear();
  }
}
