import { mkdtemp, rm } from "node:fs/promises";
import { Agent, request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ApiServer, type ApiServerOptions, startApiServer } from "../../apiserver/server.ts";
import { systemClock } from "../../lib/clock.ts";
import { silentLog } from "../../lib/log.ts";

type Common = "metadata" | "spec" | "status" | "items" | "rows" | "columnDefinitions" | "acceptedNames" | "name";

/** A parsed body in a test: the fields that most objects have, and any other that may be there. */
export type Loose = { readonly [Field in Common]: Loose } & { readonly [field: string]: Loose } & readonly Loose[];

export interface Answer {
  readonly code: number;

  readonly body: Loose;
  readonly text: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface Ask {
  readonly body?: unknown;
  readonly type?: string;
  readonly accept?: string;
  readonly user?: string | null;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A real server on a free port with its own folder, and a client for it. */
export interface Cluster extends AsyncDisposable {
  readonly server: ApiServer;
  readonly dataDir: string;
  ask(method: string, path: string, ask?: Ask): Promise<Answer>;
  get(path: string, ask?: Ask): Promise<Answer>;
  post(path: string, body: unknown, ask?: Ask): Promise<Answer>;
  put(path: string, body: unknown, ask?: Ask): Promise<Answer>;
  merge(path: string, body: unknown, ask?: Ask): Promise<Answer>;
  apply(path: string, body: unknown, ask?: Ask): Promise<Answer>;
  remove(path: string, body?: unknown, ask?: Ask): Promise<Answer>;
  watch(path: string, ask?: Ask): Promise<Watch>;
  /** Asks again until `until` is content; the test's own timeout is the limit. */
  eventually(path: string, until: (answer: Answer) => boolean): Promise<Answer>;
  /** Stops the server and starts another on the same folder. */
  restart(): Promise<Cluster>;
}

export interface WatchEvent {
  readonly type: string;

  readonly object: Loose;
}

export interface Watch extends Disposable {
  /** The next event; rejects when the stream ends first. */
  next(): Promise<WatchEvent>;
  take(count: number): Promise<WatchEvent[]>;
  /** Stops reading from the socket, as a stuck client does. */
  pause(): void;
  resume(): void;
  readonly ended: Promise<void>;
}

export const users = [
  { name: "admin", groups: ["system:masters"], token: "admin-token" },
  { name: "ana", groups: ["staff"], token: "ana-token" },
  { name: "ben", groups: [], token: "ben-token" },
];

export async function startCluster(options: Partial<ApiServerOptions> = {}): Promise<Cluster> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), "roster-apiserver-")));
  const settings = { clock: systemClock, log: silentLog, users, port: 0, ...options, dataDir };
  const server = await startApiServer(settings);
  const agent = new Agent({ ca: server.caPem, keepAlive: true });
  const open = (method: string, path: string, ask: Ask) => {
    const token = ask.token ?? (ask.user === null ? undefined : `${ask.user ?? "admin"}-token`);
    const data = ask.body === undefined ? undefined : toBytes(ask.body);
    const sent = request(`${server.url}${path}`, {
      method,
      agent,
      headers: {
        "User-Agent": "tester/1.0",
        ...(token ? { Authorization: `Bearer ${token}` } : {}),
        ...(data ? { "Content-Type": ask.type ?? "application/json", "Content-Length": data.length } : {}),
        ...(ask.accept ? { Accept: ask.accept } : {}),
        ...ask.headers,
      },
    });
    sent.end(data);
    return sent;
  };
  const ask = (method: string, path: string, what: Ask = {}) =>
    new Promise<Answer>((resolve, reject) => {
      const sent = open(method, path, what);
      sent.on("error", reject);
      sent.on("response", (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part));
        response.on("error", reject);
        response.on("end", () => {
          const text = Buffer.concat(parts).toString();
          resolve({ code: response.statusCode ?? 0, text, body: tryParse(text) as Loose, headers: response.headers });
        });
      });
    });
  return {
    server,
    dataDir,
    ask,
    get: (path, what) => ask("GET", path, what),
    post: (path, body, what) => ask("POST", path, { ...what, body }),
    put: (path, body, what) => ask("PUT", path, { ...what, body }),
    merge: (path, body, what) => ask("PATCH", path, { type: "application/merge-patch+json", ...what, body }),
    apply: (path, body, what) => ask("PATCH", path, { type: "application/apply-patch+yaml", ...what, body }),
    remove: (path, body, what) => ask("DELETE", path, { ...what, ...(body === undefined ? {} : { body }) }),
    watch: (path, what = {}) => watchOn(open("GET", path, what)),
    async eventually(path, until) {
      for (;;) {
        const answer = await ask("GET", path);
        if (until(answer)) return answer;
      }
    },
    async restart() {
      agent.destroy();
      await server[Symbol.asyncDispose]();
      return startCluster({ ...options, dataDir });
    },
    async [Symbol.asyncDispose]() {
      agent.destroy();
      await server[Symbol.asyncDispose]();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

function toBytes(body: unknown): Buffer {
  if (Buffer.isBuffer(body)) return body;
  return Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function watchOn(sent: ReturnType<typeof request>): Promise<Watch> {
  return new Promise((resolve, reject) => {
    sent.on("error", reject);
    sent.on("response", (response) => {
      const events: WatchEvent[] = [];
      const waiting: { resolve: (event: WatchEvent) => void; reject: (reason: Error) => void }[] = [];
      let rest = "";
      let over = false;
      response.on("data", (part: Buffer) => {
        const lines = (rest + part.toString()).split("\n");
        rest = lines.pop()!;
        for (const line of lines) {
          const event = JSON.parse(line) as WatchEvent;
          const waiter = waiting.shift();
          if (waiter) waiter.resolve(event);
          else events.push(event);
        }
      });
      const ended = new Promise<void>((done) => response.on("close", done));
      void ended.then(() => {
        over = true;
        for (const waiter of waiting) waiter.reject(new Error("the watch ended"));
      });
      response.on("error", () => {});
      const next = () =>
        new Promise<WatchEvent>((done, fail) => {
          const event = events.shift();
          if (event) done(event);
          else if (over) fail(new Error("the watch ended"));
          else waiting.push({ resolve: done, reject: fail });
        });
      resolve({
        next,
        ended,
        async take(count) {
          const taken: WatchEvent[] = [];
          while (taken.length < count) taken.push(await next());
          return taken;
        },
        pause: () => response.pause(),
        resume: () => response.resume(),
        [Symbol.dispose]: () => sent.destroy(),
      });
    });
  });
}

/** A small definition of other people's: an open spec, a status, a printer column and a selectable field. */
export const widgets = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "widgets.example.com" },
  spec: {
    group: "example.com",
    scope: "Namespaced",
    names: { plural: "widgets", singular: "widget", kind: "Widget", listKind: "WidgetList", shortNames: ["wg"] },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        subresources: { status: {} },
        selectableFields: [{ jsonPath: ".spec.colour" }],
        additionalPrinterColumns: [
          { name: "Colour", type: "string", jsonPath: ".spec.colour" },
          { name: "Size", type: "integer", jsonPath: ".spec.size", priority: 1 },
        ],
        schema: {
          openAPIV3Schema: {
            type: "object",
            properties: {
              spec: {
                type: "object",
                properties: {
                  colour: { type: "string", default: "red" },
                  size: { type: "integer", minimum: 0 },
                },
              },
              status: { type: "object", properties: { seen: { type: "integer" } } },
            },
          },
        },
      },
    ],
  },
};

export const widgetsPath = "/apis/example.com/v1/namespaces/default/widgets";
export const configMapsPath = "/api/v1/namespaces/default/configmaps";

export function widget(name: string, spec: object = {}, metadata: object = {}): object {
  return { apiVersion: "example.com/v1", kind: "Widget", metadata: { name, ...metadata }, spec };
}

export function configMap(name: string, data: object = {}, metadata: object = {}): object {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, ...metadata }, data };
}
