import { Agent, request } from "undici";
import { systemClock } from "../../lib/clock.ts";
import { isObject } from "../../lib/json.ts";
import { definitions } from "./definitions.ts";
import { normalise } from "./normalise.ts";
import type { Step } from "./step.ts";

/** A server under test. */
export interface Target {
  readonly url: string;
  readonly caPem: string;
  readonly tokens: Readonly<Record<"admin" | "ana" | "bob", string>>;
}

/** What came back for one step, without what differs from run to run. */
export interface Answer {
  readonly status: number;
  readonly warnings?: readonly string[];
  readonly body: unknown;
}

/** Sends sequences of requests to one server, each sequence in a namespace of its own. */
export class ConformanceClient implements AsyncDisposable {
  readonly #target: Target;
  readonly #agent: Agent;

  constructor(target: Target) {
    this.#target = target;
    this.#agent = new Agent({ connect: { ca: target.caPem, rejectUnauthorized: true }, connections: 16 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy();
  }

  /** Installs the kinds that the sequences are about and waits until they are served. May run twice. */
  async install(): Promise<void> {
    for (const { plural, object } of definitions) {
      const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
      const made = await this.send({ method: "POST", path, body: object }, {});
      if (made.status !== 201 && made.status !== 409)
        throw new Error(`cannot install ${plural}: ${JSON.stringify(made.body)}`);
      await this.#until({ method: "GET", path: `/apis/conform.roster.dev/v1/${plural}` }, 200);
    }
  }

  /** Runs one sequence in a fresh namespace; the answers, normalised. */
  async run(steps: readonly Step[], ns: string): Promise<Answer[]> {
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: ns } };
    await this.send({ method: "POST", path: "/api/v1/namespaces", body: namespace }, {});
    const values: Record<string, string> = { ns };
    const answers: Answer[] = [];
    for (const step of steps) {
      const { status, warnings, body } = step.until
        ? await this.#until(step, step.until, values)
        : await this.send(step, values);
      for (const [name, path] of Object.entries(step.save ?? {})) values[name] = String(read(body, path) ?? "");
      const picked = step.pick ? Object.fromEntries(step.pick.map((path) => [path, read(body, path)])) : body;
      const shown = warnings.map((warning) => warning.replaceAll(ns, "{ns}"));
      answers.push({ status, ...(shown.length > 0 ? { warnings: shown } : {}), body: normalise(picked, ns) });
    }
    return answers;
  }

  async #until(step: Step, wanted: number, values: Readonly<Record<string, string>> = {}) {
    const end = systemClock.now() + 30_000;
    for (;;) {
      const answer = await this.send(step, values);
      if (answer.status === wanted || systemClock.now() > end) return answer;
      await systemClock.sleep(100);
    }
  }

  async send(
    step: Step,
    values: Readonly<Record<string, string>>,
  ): Promise<{ status: number; warnings: string[]; body: unknown }> {
    const fill = (text: string): string => text.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
    const body = step.text ?? (step.body === undefined ? undefined : JSON.stringify(step.body));
    const answer = await request(this.#target.url + fill(step.path), {
      dispatcher: this.#agent,
      method: step.method,
      headers: {
        authorization: `Bearer ${this.#target.tokens[step.as ?? "admin"]}`,
        accept: step.accept ?? "application/json",
        "user-agent": "conformance/1.0",
        ...(body === undefined ? {} : { "content-type": step.type ?? "application/json" }),
      },
      ...(body === undefined ? {} : { body: fill(body) }),
    });
    const text = await answer.body.text();
    const warnings = [answer.headers.warning ?? []]
      .flat()
      .flatMap((line) => line.split(/, (?=299 )/))
      .sort();
    return { status: answer.statusCode, warnings, body: parse(text) };
  }
}

/** One JSON value, or the list of a watch's lines, or plain text. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
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
    at = isObject(at) || Array.isArray(at) ? (at as Record<string, unknown>)[part] : undefined;
  return at;
}

/** Runs all sequences, some at a time; namespaces are called after their place in the table. */
export async function runAll(
  client: ConformanceClient,
  sequences: Readonly<Record<string, readonly Step[]>>,
  prefix: string,
): Promise<Record<string, Answer[]>> {
  const results: Record<string, Answer[]> = {};
  const queue = Object.entries(sequences).map(([name, steps], index) => ({ name, steps, ns: `${prefix}-${index}` }));
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift())
      results[next.name] = await client.run(next.steps, next.ns);
  };
  await Promise.all(Array.from({ length: 6 }, worker));
  return results;
}
