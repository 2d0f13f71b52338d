import type { ApiAnswer } from "../kit/api-client.ts";
import type { Content, Write } from "./history.ts";
import type { Journal } from "./journal.ts";
import { type Shape, shapes } from "./objects.ts";
import { pick, randomOf } from "./random.ts";

export interface WriterOptions {
  readonly id: number;
  readonly seed: number;
  readonly journal: Journal;
  readonly namespaces: readonly string[];
  /** Sends one request to whichever server runs now; rejects when the connection is cut. */
  call(method: string, path: string, body?: unknown, type?: string): Promise<ApiAnswer>;
  /** Resolves when a server answers again. */
  available(): Promise<void>;
  /** The number of the next write, of all writers. */
  next(): number;
  /** False when enough was written. */
  more(): boolean;
  /** Takes an answer that says that the server cannot write; true when such a write is known not to have happened. */
  failed?(answer: ApiAnswer): boolean;
}

interface Known {
  readonly content: Content;
  readonly rv: string;
}

const keysOfOne = 12;
const hotKeys = 3;

/**
 * Writes to objects of its own, in all ways in which they can be written, and to some that all writers share, where
 * most of its attempts are refused. Notes each attempt with its outcome. After a cut connection it reads what came of it.
 */
export async function runWriter(options: WriterOptions): Promise<void> {
  const random = randomOf(options.seed * 1_000 + options.id);
  const own = new Map<string, Known | undefined>();
  while (options.more()) {
    await options.available();
    const shape = pick(random, Object.values(shapes));
    const namespace = pick(random, options.namespaces);
    const hot = random() < 0.05;
    const name = hot ? `hot-${Math.floor(random() * hotKeys)}` : `w${options.id}-${Math.floor(random() * keysOfOne)}`;
    const id = `${shape.kind} ${namespace}/${name}`;
    if (hot && own.get(id) === undefined) own.set(id, await look(options, shape, namespace, name));
    const known = own.get(id);
    const content: Content = {
      n: options.next(),
      team: random() < 0.6 ? "red" : "blue",
      colour: random() < 0.5 ? "blue" : "green",
    };
    const path = shape.path(namespace, name);
    const act = actionOf(random(), known, hot);
    const about = { t: "write", kind: shape.kind, key: `${namespace}/${name}`, verb: act.verb } as const;
    const n = act.verb === "delete" ? known!.content.n : content.n;
    const note = (outcome: Write["outcome"], rv?: string) =>
      options.journal.add({ ...about, n, outcome, ...(rv === undefined ? {} : { rv: Number(rv) }) });
    try {
      const answer = await act.send(options, shape, path, name, content, known);
      const { code, body } = answer;
      if (code >= 500 && !options.failed?.(answer)) throw new Error(`${code}`);
      if (code >= 300) {
        note("refused");
        own.set(id, await look(options, shape, namespace, name));
      } else if (act.verb === "delete") {
        note("acknowledged");
        own.set(id, undefined);
      } else {
        const rv = String(body.metadata.resourceVersion);
        note("acknowledged", rv);
        own.set(id, { content, rv });
      }
    } catch {
      note("unknown");
      own.set(id, await look(options, shape, namespace, name));
    }
  }
}

interface Action {
  readonly verb: Write["verb"];
  send(
    to: Pick<WriterOptions, "call">,
    shape: Shape,
    path: string,
    name: string,
    content: Content,
    known: Known | undefined,
  ): Promise<ApiAnswer>;
}

const create: Action = {
  verb: "create",
  send: (to, shape, path, name, content) =>
    to.call("POST", path.slice(0, path.lastIndexOf("/")), shape.make(name, content)),
};
const replace: Action = {
  verb: "update",
  send(to, shape, path, name, content, known) {
    const made = shape.make(name, content) as { metadata: object };
    return to.call("PUT", path, { ...made, metadata: { ...made.metadata, resourceVersion: known!.rv } });
  },
};
const merge: Action = {
  verb: "update",
  send: (to, shape, path, name, content) =>
    to.call("PATCH", path, shape.make(name, content), "application/merge-patch+json"),
};
const apply: Action = {
  verb: "update",
  send: (to, shape, path, name, content) =>
    to.call(
      "PATCH",
      `${path}?fieldManager=tests&force=true`,
      shape.make(name, content),
      "application/apply-patch+yaml",
    ),
};
const remove: Action = { verb: "delete", send: (to, _shape, path) => to.call("DELETE", path) };

function actionOf(chance: number, known: Known | undefined, hot: boolean): Action {
  if (!known) return create;
  // Shared objects are only written under the version that was seen, so that somebody loses.
  if (hot) return replace;
  if (chance < 0.45) return replace;
  if (chance < 0.75) return merge;
  return chance < 0.82 ? apply : remove;
}

/** What is there now; asks until a server answers. */
async function look(options: WriterOptions, shape: Shape, namespace: string, name: string): Promise<Known | undefined> {
  for (;;) {
    await options.available();
    try {
      const { code, body } = await options.call("GET", shape.path(namespace, name));
      if (code === 404) return undefined;
      if (code === 200) return { content: shape.read(body), rv: String(body.metadata.resourceVersion) };
    } catch {
      // Asked again as soon as there is a server.
    }
  }
}
