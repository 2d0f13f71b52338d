import { isDeepStrictEqual } from "node:util";
import { Agent, type Dispatcher, request } from "undici";
import { parse as parseYaml } from "yaml";
import { systemClock } from "../../lib/clock.ts";
import { isObject } from "../../lib/json.ts";
import { definitions } from "./definitions.ts";
import { normalise } from "./normalise.ts";
import type { CertificateUser, Step } from "./step.ts";

/** A server under test. */
export interface Target {
  readonly url: string;
  readonly caPem: string;
  readonly tokens: Readonly<Record<"admin" | "ana" | "bob", string>>;
  /** PEM texts, for those who come with a certificate. */
  readonly certificates: Readonly<Record<CertificateUser, { readonly cert: string; readonly key: string }>>;
}

/** What came back for one step, without what differs from run to run. */
export interface Answer {
  readonly status: number;
  readonly warnings?: readonly string[];
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly body: unknown;
}

/** An answer as it came. */
interface Raw {
  readonly status: number;
  readonly warnings: readonly string[];
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: unknown;
}

/** A watch that brings nothing for so long will not bring it. */
const watchPatienceMs = 15_000;

type Values = Record<string, string>;

/** Sends sequences of requests to one server, each sequence in a namespace of its own. */
export class ConformanceClient implements AsyncDisposable {
  readonly #target: Target;
  readonly #agents = new Map<CertificateUser | undefined, Agent>();

  constructor(target: Target) {
    this.#target = target;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#agents.values()].map((agent) => agent.destroy()));
  }

  /** Installs the kinds that the sequences are about and waits until they are served. May run twice. */
  async install(): Promise<void> {
    for (const { plural, object } of definitions) {
      const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
      const made = await this.send({ method: "POST", path, body: object }, {});
      if (made.status !== 201 && made.status !== 409)
        throw new Error(`cannot install ${plural}: ${JSON.stringify(made.body)}`);
      await this.until({ method: "GET", path: `/apis/conform.roster.dev/v1/${plural}` }, 200);
    }
  }

  /** Runs one sequence in a fresh namespace; the answers, normalised. Those of steps during a watch come before its own. */
  async run(steps: readonly Step[], ns: string): Promise<Answer[]> {
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: ns } };
    await this.send({ method: "POST", path: "/api/v1/namespaces", body: namespace }, {});
    const values: Values = { ns };
    const answers: Answer[] = [];
    for (const step of steps) answers.push(...(await this.#answers(step, ns, values)));
    return answers;
  }

  async #answers(step: Step, ns: string, values: Values): Promise<Answer[]> {
    const during: Answer[] = [];
    const raw = step.watch
      ? await this.#watch(step, values, async () => {
          for (const one of step.watch?.during ?? []) during.push(...(await this.#answers(one, ns, values)));
        })
      : await (step.until
          ? this.until(step, step.until, values)
          : step.settled
            ? this.#settled(step, step.settled, values, ns)
            : this.send(step, values));
    for (const [name, path] of Object.entries(step.save ?? {}))
      values[name] = String(read(raw.body, path) ?? values[name] ?? "");
    return [...during, shown(step, raw, ns)];
  }

  /** Asks again until the answer has this status or something at this path, for half a minute at most. */
  async until(step: Step, wanted: number | string, values: Values = {}): Promise<Raw> {
    const end = systemClock.now() + 30_000;
    for (;;) {
      const answer = await this.send(step, values);
      const come = typeof wanted === "number" ? answer.status === wanted : Boolean(read(answer.body, wanted));
      if (come || systemClock.now() > end) return answer;
      await systemClock.sleep(100);
    }
  }

  /** Asks again until the answer has been the same for so long, for half a minute at most. */
  async #settled(step: Step, quietMs: number, values: Values, ns: string): Promise<Raw> {
    const end = systemClock.now() + 30_000;
    let answer = await this.send(step, values);
    for (let since = systemClock.now(); systemClock.now() - since < quietMs && systemClock.now() < end; ) {
      await systemClock.sleep(100);
      const next = await this.send(step, values);
      if (!isDeepStrictEqual(shown(step, next, ns), shown(step, answer, ns))) since = systemClock.now();
      answer = next;
    }
    return answer;
  }

  async send(step: Step, values: Values): Promise<Raw> {
    const answer = await this.#request(step, values);
    return { ...headOf(answer), body: parse(await answer.body.text(), answer.headers["content-type"]) };
  }

  /** Reads lines while and after `during` runs, until there are as many as wanted or the server ends the answer. */
  async #watch(step: Step, values: Values, during: () => Promise<void>): Promise<Raw> {
    const answer = await this.#request(step, values);
    if (answer.statusCode !== 200)
      return { ...headOf(answer), body: parse(await answer.body.text(), answer.headers["content-type"]) };
    const { lines: wanted = Number.POSITIVE_INFINITY, last, ready } = step.watch ?? {};
    const begun = Promise.withResolvers<void>();
    const lines = linesOf(answer.body, wanted, last, (line) => {
      if (ready !== undefined && line.includes(ready)) begun.resolve();
    });
    if (ready !== undefined) await Promise.race([begun.promise, lines]);
    await during();
    // A history that is compared to its last event leaves out bookmarks that come in the server's own time.
    const kept = (await lines).filter((line) => last === undefined || !isTimed(line));
    return { ...headOf(answer), body: kept.map((line) => JSON.parse(line) as unknown) };
  }

  #request(step: Step, values: Values): Promise<Dispatcher.ResponseData> {
    const fill = (text: string): string => text.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
    const body = step.text ?? (step.body === undefined ? undefined : JSON.stringify(step.body));
    const { as = "admin", certificate, headers = {} } = step;
    const token = { forger: "nobodys-token", nobody: "", ...this.#target.tokens }[as];
    return request(this.#target.url + fill(step.path), {
      dispatcher: this.#agent(certificate),
      ...(step.watch ? { bodyTimeout: watchPatienceMs } : {}),
      method: step.method,
      headers: {
        ...(token && !certificate ? { authorization: `Bearer ${token}` } : {}),
        accept: step.accept ?? "application/json",
        "user-agent": "conformance/1.0",
        ...(body === undefined ? {} : { "content-type": step.type ?? "application/json" }),
        ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, fill(value)])),
      },
      ...(body === undefined ? {} : { body: fill(body) }),
    });
  }

  #agent(certificate: CertificateUser | undefined): Agent {
    const found = this.#agents.get(certificate);
    if (found) return found;
    const identity = certificate ? this.#target.certificates[certificate] : {};
    const made = new Agent({
      // Many watches at a time are many connections, and a refusal may close one.
      allowH2: false,
      connect: { ca: this.#target.caPem, rejectUnauthorized: true, ...identity },
      // Every sequence that runs at the same time may hold a watch open besides its requests.
      connections: 96,
      // Shorter than any server's patience, or a request may go into a connection that is just being closed.
      keepAliveTimeout: 1_000,
    });
    this.#agents.set(certificate, made);
    return made;
  }
}

function headOf({ statusCode, headers }: Dispatcher.ResponseData): Omit<Raw, "body"> {
  const warnings = [headers.warning ?? []]
    .flat()
    .flatMap((line) => line.split(/, (?=299 )/))
    .sort();
  return { status: statusCode, warnings, headers };
}

const isTimed = (line: string): boolean =>
  line.startsWith('{"type":"BOOKMARK"') && !line.includes("k8s.io/initial-events-end");

/** A refusal without the object that was to be patched. */
const withoutEcho = (body: unknown): unknown =>
  JSON.parse(JSON.stringify(body), (key, value: unknown) =>
    key === "message" && typeof value === "string"
      ? value.replace(/(Invalid value: )"\{.*\}"(: )/s, "$1{object}$2")
      : value,
  );

/** One answer without what differs from run to run. */
function shown({ pick, shows, watch, echo }: Step, { status, warnings, headers, body }: Raw, ns: string): Answer {
  const part = (whole: unknown) => (pick ? Object.fromEntries(pick.map((path) => [path, read(whole, path)])) : whole);
  const picked = watch && Array.isArray(body) ? body.map(part) : part(body);
  return {
    status,
    ...(warnings.length > 0 ? { warnings: warnings.map((warning) => warning.replaceAll(ns, "{ns}")) } : {}),
    ...(shows ? { headers: Object.fromEntries(shows.map((name) => [name, headers[name] ?? null])) } : {}),
    body: echo === false ? withoutEcho(normalise(picked, ns)) : normalise(picked, ns),
  };
}

/** The first lines of a stream; the rest is cut off. A stream that goes on without them ends in a line that says so. */
async function linesOf(
  stream: Dispatcher.ResponseData["body"],
  wanted: number,
  last: string | undefined,
  onLine: (line: string) => void,
): Promise<string[]> {
  const lines: string[] = [];
  let rest = "";
  stream.setEncoding("utf8");
  try {
    for await (const part of stream as AsyncIterable<string>) {
      const parts = (rest + part).split("\n");
      rest = parts.pop() ?? "";
      lines.push(...parts);
      parts.forEach(onLine);
      // Leaving the loop cuts the connection.
      if (lines.length >= wanted) return lines.slice(0, wanted);
      const end = last === undefined ? -1 : lines.findIndex((line) => line.includes(last));
      if (end >= 0) return lines.slice(0, end + 1);
    }
    if (rest !== "") lines.push(rest);
  } catch (error) {
    if ((error as { code?: string }).code !== "UND_ERR_BODY_TIMEOUT") throw error;
    lines.push('{"type":"SILENCE"}');
  }
  return lines;
}

/** One JSON value, or the list of a watch's lines, or plain text. */
function parse(text: string, type: unknown): unknown {
  try {
    return JSON.parse(text);
  } catch {
    if (String(type).startsWith("application/yaml")) return parseYaml(text);
    const lines = text.trim().split("\n");
    try {
      return lines.map((line) => JSON.parse(line) as unknown);
    } catch {
      return text;
    }
  }
}

function read(value: unknown, path: string): unknown {
  let at = value;
  for (const part of path.split("."))
    at =
      (isObject(at) || Array.isArray(at)) && Object.hasOwn(at, part)
        ? (at as Record<string, unknown>)[part]
        : undefined;
  return at;
}

/** Runs all sequences, some at a time; namespaces are called after their place in the table. */
export async function runAll(
  client: ConformanceClient,
  sequences: Readonly<Record<string, readonly Step[]>>,
  prefix: string,
  width = 6,
): Promise<Record<string, Answer[]>> {
  const results: Record<string, Answer[]> = {};
  const queue = Object.entries(sequences).map(([name, steps], index) => ({ name, steps, ns: `${prefix}-${index}` }));
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift())
      results[next.name] = await client.run(next.steps, next.ns);
  };
  await Promise.all(Array.from({ length: width }, worker));
  return results;
}
