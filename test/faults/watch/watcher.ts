import type { ApiClient, Line, LineStream } from "../kit/api-client.ts";
import type { Scope } from "./history.ts";
import type { Journal } from "./journal.ts";
import { shapeOf } from "./objects.ts";
import { pick, randomOf } from "./random.ts";

export interface WatcherOptions {
  readonly name: string;
  readonly scope: Scope;
  readonly seed: number;
  readonly journal: Journal;
  readonly bookmarks?: boolean;
  /** Begins each stream with the state instead of a list. */
  readonly streaming?: boolean;
  /** Opens a new stream after so many events: from where it was, or, with `back`, from one of that many events before. */
  readonly reopenAfter?: number;
  readonly back?: number;
  /** Stops reading now and then, after so many events: for some ms, or until so many more writes were made. */
  readonly pause?: { readonly everyEvents: number; readonly ms?: number; readonly writes?: number };
  /** The server that runs now. */
  server(): Promise<ApiClient>;
  sleep(ms: number): Promise<void>;
  /** Resolves when so many more writes were made, or no more come. */
  written(count: number): Promise<void>;
  /** Called when a stream is open. */
  opened(): void;
  /** The key whose appearance ends the watcher. */
  readonly last: string;
}

/** What a watcher went through. */
export interface Watched {
  readonly name: string;
  readonly events: number;
  readonly streams: number;
  readonly expired: number;
  readonly bookmarks: number;
}

/**
 * A client as they are: lists, watches, resumes from what it saw last when a stream ends, lists again when told that
 * this is too old. Notes everything that it sees. Ends when it sees the last object.
 */
export async function runWatcher(options: WatcherOptions): Promise<Watched> {
  const { journal, scope } = options;
  const random = randomOf(options.seed);
  const seen = { events: 0, streams: 0, expired: 0, bookmarks: 0 };
  // Revisions of the chain since the last list, the newest last: any of them is one to resume from.
  let chain: number[] = [];
  for (;;) {
    const client = await options.server();
    try {
      if (chain.length === 0 && !options.streaming) {
        const listed = await list(client, options);
        if (listed.keys.has(options.last)) return { name: options.name, ...seen };
        chain = [listed.rv];
      }
      const from = options.back ? pick(random, chain.slice(-options.back)) : chain.at(-1);
      const id = journal.nextStream();
      using stream = await client.watch(pathOf(options, from));
      seen.streams++;
      journal.add({ t: "opened", stream: id, watcher: options.name, scope, ...(from === undefined ? {} : { from }) });
      options.opened();
      const end = await follow(stream, id, from);
      if (end === "last") return { name: options.name, ...seen };
      if (end === "expired") chain = [];
      if (options.streaming) chain = [];
    } catch {
      // The server went away before it answered.
      await options.sleep(20);
    }
  }

  async function follow(
    stream: LineStream,
    id: number,
    from: number | undefined,
  ): Promise<"last" | "expired" | "ended"> {
    let count = 0;
    let initial = from === undefined;
    let highest = from ?? 0;
    try {
      for await (const line of stream) {
        if (line.type === "ERROR") {
          if (Number(line.object.code) !== 410) throw new Error(`unexpected: ${JSON.stringify(line.object)}`);
          journal.add({ t: "expired", stream: id });
          seen.expired++;
          return "expired";
        }
        const rv = Number(line.object.metadata.resourceVersion);
        if (line.type === "BOOKMARK") {
          const ends = String(line.object.metadata.annotations?.["k8s.io/initial-events-end"]) === "true";
          journal.add({ t: "bookmark", stream: id, rv, initial: ends });
          seen.bookmarks++;
          if (ends) initial = false;
          if (rv > (chain.at(-1) ?? 0)) chain.push(rv);
          continue;
        }
        if (note(id, line, rv) === options.last) return "last";
        if (initial) continue;
        // Going back, what was seen before is no news to the chain.
        if (rv > Math.max(highest, chain.at(-1) ?? 0)) chain.push(rv);
        highest = Math.max(highest, rv);
        if (chain.length > 20_000) chain = chain.slice(-2_000);
        count++;
        if (options.pause && count % options.pause.everyEvents === 0) {
          await (options.pause.writes ? options.written(options.pause.writes) : options.sleep(options.pause.ms ?? 0));
        }
        if (options.reopenAfter && count >= options.reopenAfter) return "ended";
      }
    } catch (error) {
      if ((error as Error).message.startsWith("unexpected")) throw error;
      // Cut in the middle: whatever came whole counts.
    } finally {
      journal.add({ t: "closed", stream: id });
    }
    return "ended";
  }

  function note(id: number, line: Line, rv: number): string {
    const { metadata } = line.object;
    const key = `${metadata.namespace}/${metadata.name}`;
    const type = line.type as "ADDED" | "MODIFIED" | "DELETED";
    const content = shapeOf(scope.kind).read(line.object);
    if (content.n < 0) return key;
    journal.add({ t: "event", stream: id, type, key, rv, ...content });
    seen.events++;
    return key;
  }
}

async function list(client: ApiClient, { scope, name, journal }: WatcherOptions) {
  const shape = shapeOf(scope.kind);
  const { code, body } = await client.call("GET", `${collectionOf(scope)}?${selectors(scope)}`);
  if (code !== 200) throw new Error(`list: ${code}`);
  const rv = Number(body.metadata.resourceVersion);
  const items = [...body.items].flatMap((item) => {
    const { n } = shape.read(item);
    const key = `${item.metadata.namespace}/${item.metadata.name}`;
    return n < 0 ? [] : [[key, Number(item.metadata.resourceVersion), n] as const];
  });
  journal.add({ t: "listed", watcher: name, scope, rv, items });
  return { rv, keys: new Set(items.map(([key]) => key)) };
}

function pathOf(options: WatcherOptions, from: number | undefined): string {
  const query = [`watch=true&${selectors(options.scope)}`];
  if (options.bookmarks || options.streaming) query.push("allowWatchBookmarks=true");
  if (from === undefined) query.push("sendInitialEvents=true&resourceVersionMatch=NotOlderThan");
  else query.push(`resourceVersion=${from}`);
  return `${collectionOf(options.scope)}?${query.join("&")}`;
}

function collectionOf({ kind, namespace }: Scope): string {
  return namespace === undefined ? shapeOf(kind).everywhere : shapeOf(kind).path(namespace);
}

function selectors({ team, colour }: Scope): string {
  const labels = team === undefined ? [] : [`labelSelector=team%3D${team}`];
  const fields = colour === undefined ? [] : [`fieldSelector=spec.colour%3D${colour}`];
  return [...labels, ...fields].join("&");
}
