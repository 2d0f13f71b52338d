import pg from "pg";
import { problem } from "../api/reasons.ts";
import { messageOf, Problem } from "../lib/problem.ts";
import type { Channel } from "./ledger.ts";
import { Turns } from "./turns.ts";

export type Row = Record<string, unknown>;

/** One transaction. Statements run one after another on one connection. */
export interface Tx {
  /** `name` makes it a prepared statement of the connection, for the few that run all the time. */
  query<R extends Row = Row>(text: string, values?: readonly unknown[], name?: string): Promise<R[]>;
  /** Names a channel to wake once this transaction is committed. */
  wake(...channels: readonly Channel[]): void;
}

export interface TxOptions {
  /** The bindings whose content it may touch. Without it, no row of content can be seen or written. */
  readonly content?: readonly string[];
  /** Runs with BEGIN in one round trip: an SQL expression whose arguments are quoted by `literal`. */
  readonly first?: string;
  /**
   * Waits for its turn among its like, however long, and leaves connections to those who must be quick. For what comes in
   * hundreds.
   */
  readonly patient?: true;
  /** Runs although the database is closed: for whoever finds out whether it may be opened. */
  readonly evenClosed?: true;
}

export interface DbOptions {
  readonly url: string;
  readonly maxConnections: number;
  readonly onCommit: (channels: readonly Channel[]) => void;
  readonly onConnectionError: (message: string) => void;
  /** Looks at each new connection before anything runs there; it may set `closed`. */
  readonly onConnection?: (client: pg.ClientBase) => Promise<void>;
}

// Money needs all bits of an int8; times and counters are converted where they are read.
const int8 = 20;
const int8Array = 1016;
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: "text" | "binary") => {
    if (oid === int8) return BigInt;
    if (oid === int8Array) return (text: string) => (text === "{}" ? [] : text.slice(1, -1).split(",").map(BigInt));
    return pg.types.getTypeParser(oid, format as "text");
  }) as pg.CustomTypesConfig["getTypeParser"],
};

export const connectTimeoutMs = 2_000;
// Of the ten that a process has: for firings, leadership, guards and reads.
const keptConnections = 6;
const session = [
  "search_path = roster",
  "statement_timeout = 10000",
  "lock_timeout = 5000",
  // A process that is stopped in mid-transaction must not keep its locks.
  "idle_in_transaction_session_timeout = 5000",
  "synchronous_commit = on",
]
  .map((setting) => `set ${setting}`)
  .concat("select pg_is_in_recovery() as standby")
  .join("; ");

const standby = problem(
  "LedgerUnavailable",
  "the ledger's address leads to a standby of Postgres, where nothing can be written before it is promoted",
  { details: { sent: false } },
);

/** The pool, its time limits, and the translation of what Postgres says into problems. */
export class Db implements AsyncDisposable {
  readonly #pool: pg.Pool;
  readonly #onCommit: (channels: readonly Channel[]) => void;
  readonly #turns: Turns;
  /** Whether transactions with content can run under a role that owns nothing. */
  contentRole = false;
  /** While set, this process may not use the database, and every statement throws it. */
  closed: Problem | undefined;

  constructor(options: DbOptions) {
    this.#onCommit = options.onCommit;
    this.#turns = new Turns(Math.max(1, options.maxConnections - keptConnections));
    const config: pg.PoolConfig & { readonly onConnect: (client: pg.ClientBase) => Promise<void> } = {
      connectionString: options.url,
      max: options.maxConnections,
      connectionTimeoutMillis: connectTimeoutMs,
      // A partition leaves a half-open socket: the client must give up by itself.
      query_timeout: 12_000,
      keepAlive: true,
      idleTimeoutMillis: 30_000,
      allowExitOnIdle: true,
      application_name: "roster",
      types,
      // Awaited by the pool before the connection is handed out.
      onConnect: async (client) => {
        const answers = (await client.query(session)) as unknown as readonly pg.QueryResult[];
        // Nothing is known of it before it is promoted, and its connections live on then: the pool drops this one.
        if (answers.at(-1)!.rows[0].standby) throw standby;
        await options.onConnection?.(client);
      },
    };
    this.#pool = new pg.Pool(config);
    this.#pool.on("error", (thrown) => options.onConnectionError(messageOf(thrown)));
  }

  /** One statement by itself. */
  async query<R extends Row = Row>(
    text: string,
    values: readonly unknown[] = [],
    options: Pick<TxOptions, "evenClosed"> = {},
  ): Promise<R[]> {
    try {
      const client = await this.#connect(options);
      // Without a listener a lost connection would end the process; the statement's own error says the same.
      const lost = () => {};
      client.on("error", lost);
      let failed: Error | undefined;
      try {
        return (await client.query<R>(text, values as unknown[])).rows;
      } catch (thrown) {
        failed = thrown as Error;
        throw thrown;
      } finally {
        client.off("error", lost);
        client.release(failed);
      }
    } catch (thrown) {
      throw asProblem(thrown);
    }
  }

  async #connect({ evenClosed }: Pick<TxOptions, "evenClosed">): Promise<pg.PoolClient> {
    if (this.closed && !evenClosed) throw this.closed;
    const client = await this.#pool.connect();
    // A new connection may just have shown that this is not the ledger that it was.
    if (!this.closed || evenClosed) return client;
    client.release();
    throw this.closed;
  }

  /**
   * Runs `work` in one transaction at READ COMMITTED and commits. Repeats it on deadlock, so `work` has no effect but
   * its statements. Throws LedgerUnavailable when Postgres cannot be reached; then the commit may or may not have happened.
   */
  async tx<T>(work: (tx: Tx) => Promise<T>, options: TxOptions = {}): Promise<T> {
    using _ = options.patient ? await this.#turns.next() : undefined;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#once(work, options);
      } catch (thrown) {
        const code = (thrown as { code?: string }).code;
        if (attempt < 4 && (code === "40P01" || code === "40001")) continue;
        throw asProblem(thrown);
      }
    }
  }

  /** Last of the first statement: what stands before it runs as the user who logged in. */
  #reach(bindings: readonly string[]): string {
    const named = `set_config('roster.bindings', ${literal(bindings.join(","))}, true)`;
    return this.contentRole ? `${named}, set_config('role', 'roster_content', true)` : named;
  }

  async #once<T>(work: (tx: Tx) => Promise<T>, options: TxOptions): Promise<T> {
    const client = await this.#connect(options).catch((thrown) => {
      // Nothing was sent, so nothing can have happened.
      throw asProblem(thrown, { sent: false });
    });
    const channels = new Set<Channel>();
    let broken: Error | undefined;
    // Without a listener a lost connection would end the process.
    const lost = (thrown: Error) => {
      broken = thrown;
    };
    client.on("error", lost);
    try {
      const first = [options.first, options.content && this.#reach(options.content)].filter(
        (part) => part !== undefined,
      );
      await client.query(first.length > 0 ? `begin; select ${first.join(", ")}` : "begin");
      const result = await work({
        query: async <R extends Row>(text: string, values: readonly unknown[] = [], name?: string) =>
          (await client.query<R>({ text, values: values as unknown[], ...(name ? { name } : {}) })).rows,
        wake: (...named) => {
          for (const channel of named) channels.add(channel);
        },
      });
      await client.query("commit");
      if (channels.size > 0) this.#onCommit([...channels]);
      return result;
    } catch (thrown) {
      await client.query("rollback").catch((failed: Error) => {
        broken ??= failed;
      });
      throw thrown;
    } finally {
      client.off("error", lost);
      client.release(broken);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.end();
  }
}

/** Quotes a text for `TxOptions.first`. */
export function literal(text: string): string {
  return pg.escapeLiteral(text);
}

/** Quotes a list of texts for `TxOptions.first`. */
export function literals(texts: readonly string[]): string {
  return `array[${texts.map(literal).join(",")}]::text[]`;
}

const unavailableStates = new Set([
  "25006",
  "53100",
  "53200",
  "53300",
  "57014",
  "55P03",
  "25P03",
  "25P04",
  "3D000",
  "28P01",
  "28000",
]);

/** What a failed statement means to a caller. A bug (a broken constraint, a wrong column) comes back as it is. */
export function asProblem(thrown: unknown, details: Record<string, unknown> = {}): unknown {
  if (thrown instanceof Problem) return thrown;
  const { code, message } = thrown as { code?: string; message?: string };
  if (code === "RO001") return problem("LeadershipLost", message ?? "leadership was lost", { cause: thrown });
  if (code === "RO003") return problem("Recovering", message ?? "the ledger is recovering", { cause: thrown });
  if (code === "22P05" || code === "22021")
    return problem("InvalidRequest", "text in the request holds a character that cannot be stored (NUL)", {
      cause: thrown,
    });
  if (code === "53100") return problem("LedgerUnavailable", "the ledger's disk is full", { cause: thrown });
  const gone =
    code === undefined
      ? /Connection terminated|timeout exceeded|timeout expired|Query read timeout|not queryable|connection error|Cannot use a pool|after calling end/i.test(
          message ?? "",
        )
      : unavailableStates.has(code) || code.startsWith("08") || code.startsWith("57P") || /^E[A-Z]+$/.test(code);
  return gone
    ? problem("LedgerUnavailable", `the ledger cannot be reached: ${messageOf(thrown)}`, { cause: thrown, details })
    : thrown;
}
