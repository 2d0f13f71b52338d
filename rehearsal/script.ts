import { type Document, isMap, isScalar, LineCounter, parseDocument } from "yaml";
import { problem } from "../api/reasons.ts";
import { isObject, type Json } from "../lib/json.ts";
import { messageOf } from "../lib/problem.ts";
import { compilePattern } from "../policy/cel/index.ts";
import { type Condition, compileCondition } from "../policy/expressions.ts";
import { compileTemplate, type Template, templateVariables } from "./template.ts";

/** When a scene plays; everything that is given must hold. */
export interface SceneWhen {
  readonly system?: (text: string) => boolean;
  readonly user?: (text: string) => boolean;
  readonly intent?: string;
  readonly turn?: number;
  readonly model?: string;
  readonly after?: string;
  readonly cel?: Condition;
}

/** How usage is reported: `honest` counts, the others are the lies that a gateway must survive. */
export type UsageReport =
  | "honest"
  | "missing"
  | "negative"
  | "NaN"
  | "text"
  | "tooMuch"
  | { readonly inputTokens: number; readonly outputTokens: number };

/** One answer of the model, or one way to fail. */
export interface Reply {
  readonly text?: Template;
  readonly toolCalls: readonly { readonly name: string; readonly arguments: Template }[];
  /** Arguments are sent as this text instead, for calls that are not JSON. */
  readonly rawArguments?: string;
  readonly finish?: string;
  readonly usage: UsageReport;
  readonly latencyMs: number;
  readonly ignoreLimit: boolean;
  readonly error?: {
    readonly status?: number;
    readonly body?: Json;
    readonly retryAfterSeconds?: number;
    readonly afterBytes?: number;
    readonly reset: boolean;
    readonly hang: boolean;
  };
  readonly stream: { readonly chunkCharacters: number; readonly chunkDelayMs: number };
  /** file:line */
  readonly source: string;
}

export interface Scene {
  readonly name: string;
  readonly when: SceneWhen;
  /** One entry per turn, the last also for all later turns; an entry is what successive attempts at that turn get. */
  readonly replies: readonly (readonly Reply[])[];
  readonly source: string;
}

/** Reads and checks one value of the script at a path, so that a fault can name its line. */
interface Place {
  readonly file: string;
  readonly document: Document;
  readonly lines: LineCounter;
}

/**
 * Reads a rehearsal script. Throws InvalidManifest with file and line for what is not YAML, not a known field, of the
 * wrong type, or an expression that does not compile.
 */
export function parseScript(file: string, text: string): readonly Scene[] {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    uniqueKeys: true,
    prettyErrors: false,
    maxAliasCount: 0,
  } as never);
  const place: Place = { file, document, lines };
  const [error] = document.errors;
  if (error) throw problem("InvalidManifest", `${file}:${lines.linePos(error.pos[0]).line}: ${error.message}`);
  const root = members(place, [], document.toJS({ maxAliasCount: 0 }), ["scenes"]);
  const scenes = list(place, ["scenes"], root.scenes).map((scene, i) => readScene(place, ["scenes", i], scene));
  if (scenes.length === 0) throw fault(place, ["scenes"], "a script needs at least one scene");
  const twice = scenes.find((scene, i) => scenes.findIndex((other) => other.name === scene.name) !== i);
  if (twice) throw problem("InvalidManifest", `${twice.source}: scene "${twice.name}" is there twice`);
  return scenes;
}

type Path = readonly (string | number)[];

function fault(place: Place, path: Path, message: string): Error {
  let where: Path = path;
  let node = place.document.getIn(where, true) as { range?: readonly number[] } | undefined;
  while (!node?.range && where.length > 0) {
    where = where.slice(0, -1);
    node = place.document.getIn(where, true) as typeof node;
  }
  return problem("InvalidManifest", `${place.file}:${place.lines.linePos(node?.range?.[0] ?? 0).line}: ${message}`);
}

/** Where a member's key is written, so that an unknown field is shown on its own line. */
function keyFault(place: Place, path: Path, key: string, message: string): Error {
  const map = place.document.getIn(path, true) ?? place.document.contents;
  const pair = isMap(map) ? map.items.find((item) => isScalar(item.key) && item.key.value === key) : undefined;
  const range = isScalar(pair?.key) ? pair.key.range : undefined;
  if (!range) return fault(place, path, message);
  return problem("InvalidManifest", `${place.file}:${place.lines.linePos(range[0]).line}: ${message}`);
}

function members(place: Place, path: Path, value: unknown, known: readonly string[]): Record<string, unknown> {
  const name = path.length > 0 ? path.join(".") : "the script";
  if (!isObject(value)) throw fault(place, path, `${name} must be a map with ${known.join(", ")}`);
  for (const key of Object.keys(value)) {
    if (!known.includes(key))
      throw keyFault(place, path, key, `unknown field "${key}" in ${name}; known: ${known.join(", ")}`);
  }
  return value;
}

function list(place: Place, path: Path, value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw fault(place, path, `${path.join(".")} must be a list`);
  return value;
}

function text(place: Place, path: Path, value: unknown): string {
  if (typeof value !== "string" || value === "") throw fault(place, path, `${path.join(".")} must be text`);
  return value;
}

function whole(place: Place, path: Path, value: unknown, max = 1_000_000): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0 || (value as number) > max) {
    throw fault(place, path, `${path.join(".")} must be a whole number from 0 to ${max}`);
  }
  return value as number;
}

function yes(place: Place, path: Path, value: unknown): boolean {
  if (value !== undefined && typeof value !== "boolean")
    throw fault(place, path, `${path.join(".")} must be true or false`);
  return value === true;
}

/** Compiles with the place added to whatever goes wrong. */
function compiled<T>(place: Place, path: Path, compile: () => T): T {
  try {
    return compile();
  } catch (cause) {
    throw fault(place, path, `${path.join(".")}: ${messageOf(cause)}`);
  }
}

function pattern(place: Place, path: Path, value: unknown): (subject: string) => boolean {
  const source = text(place, path, value);
  const expression = compiled(place, path, () => compilePattern(source));
  return (subject) => expression.test(subject);
}

const whenFields = ["system", "user", "intent", "turn", "model", "after", "cel"];

function readScene(place: Place, path: Path, value: unknown): Scene {
  const scene = members(place, path, value, ["name", "when", "replies"]);
  const when = members(place, [...path, "when"], scene.when ?? {}, whenFields);
  const at = (field: string) => [...path, "when", field];
  const replies = list(place, [...path, "replies"], scene.replies);
  if (replies.length === 0) throw fault(place, [...path, "replies"], "a scene needs at least one reply");
  return {
    name: text(place, [...path, "name"], scene.name),
    source: lineOf(place, path),
    when: {
      ...(when.system === undefined ? {} : { system: pattern(place, at("system"), when.system) }),
      ...(when.user === undefined ? {} : { user: pattern(place, at("user"), when.user) }),
      ...(when.intent === undefined ? {} : { intent: text(place, at("intent"), when.intent) }),
      ...(when.turn === undefined ? {} : { turn: whole(place, at("turn"), when.turn) }),
      ...(when.model === undefined ? {} : { model: text(place, at("model"), when.model) }),
      ...(when.after === undefined ? {} : { after: text(place, at("after"), when.after) }),
      ...(when.cel === undefined ? {} : { cel: condition(place, at("cel"), when.cel) }),
    },
    replies: replies.map((reply, i) => readAttempts(place, [...path, "replies", i], reply)),
  };
}

function condition(place: Place, path: Path, value: unknown): Condition {
  const source = text(place, path, value);
  return compiled(place, path, () => compileCondition(source, templateVariables));
}

function lineOf(place: Place, path: Path): string {
  const node = place.document.getIn(path, true) as { range?: readonly number[] } | undefined;
  return `${place.file}:${place.lines.linePos(node?.range?.[0] ?? 0).line}`;
}

function readAttempts(place: Place, path: Path, value: unknown): readonly Reply[] {
  if (!isObject(value) || !("attempts" in value)) return [readReply(place, path, value)];
  const { attempts } = members(place, path, value, ["attempts"]);
  const replies = list(place, [...path, "attempts"], attempts);
  if (replies.length === 0) throw fault(place, [...path, "attempts"], "attempts needs at least one reply");
  return replies.map((reply, i) => readReply(place, [...path, "attempts", i], reply));
}

const replyFields = [
  "text",
  "toolCalls",
  "rawArguments",
  "finish",
  "usage",
  "latencyMs",
  "ignoreLimit",
  "error",
  "stream",
];

function readReply(place: Place, path: Path, value: unknown): Reply {
  const reply = members(place, path, value, replyFields);
  const at = (field: string) => [...path, field];
  if (reply.text === undefined && reply.toolCalls === undefined && reply.error === undefined) {
    throw fault(place, path, "a reply needs text, toolCalls or error");
  }
  const calls = reply.toolCalls === undefined ? [] : list(place, at("toolCalls"), reply.toolCalls);
  const stream = members(place, at("stream"), reply.stream ?? {}, ["chunkCharacters", "chunkDelayMs"]);
  return {
    ...(reply.text === undefined ? {} : { text: template(place, at("text"), reply.text) }),
    toolCalls: calls.map((call, i) => readCall(place, [...path, "toolCalls", i], call)),
    ...(reply.rawArguments === undefined ? {} : { rawArguments: text(place, at("rawArguments"), reply.rawArguments) }),
    ...(reply.finish === undefined ? {} : { finish: text(place, at("finish"), reply.finish) }),
    usage: readUsageReport(place, at("usage"), reply.usage),
    latencyMs: reply.latencyMs === undefined ? 0 : whole(place, at("latencyMs"), reply.latencyMs),
    ignoreLimit: yes(place, at("ignoreLimit"), reply.ignoreLimit),
    ...(reply.error === undefined ? {} : { error: readError(place, at("error"), reply.error) }),
    stream: {
      chunkCharacters:
        stream.chunkCharacters === undefined ? 24 : whole(place, at("stream"), stream.chunkCharacters) || 1,
      chunkDelayMs: stream.chunkDelayMs === undefined ? 0 : whole(place, at("stream"), stream.chunkDelayMs),
    },
    source: lineOf(place, path),
  };
}

function readCall(place: Place, path: Path, value: unknown): Reply["toolCalls"][number] {
  const call = members(place, path, value, ["name", "arguments"]);
  const args = call.arguments ?? {};
  if (!isObject(args) && typeof args !== "string") {
    throw fault(place, [...path, "arguments"], "arguments must be a map, or one {{ expression }} that gives one");
  }
  return { name: text(place, [...path, "name"], call.name), arguments: template(place, [...path, "arguments"], args) };
}

function template(place: Place, path: Path, value: unknown): Template {
  if (path.at(-1) === "text" && typeof value !== "string") throw fault(place, path, "text must be text");
  return compiled(place, path, () => compileTemplate(value as Json));
}

const reports = ["honest", "missing", "negative", "NaN", "text", "tooMuch"] as const;

function readUsageReport(place: Place, path: Path, value: unknown): UsageReport {
  if (value === undefined) return "honest";
  // `usage: .nan` is how YAML itself writes the number that is none.
  const named = typeof value === "number" && Number.isNaN(value) ? "NaN" : value;
  const report = reports.find((name) => name === named);
  if (report) return report;
  if (!isObject(value))
    throw fault(place, path, `usage must be one of ${reports.join(", ")}, or inputTokens and outputTokens`);
  const counts = members(place, path, value, ["inputTokens", "outputTokens"]);
  return {
    inputTokens: whole(place, [...path, "inputTokens"], counts.inputTokens, 1e12),
    outputTokens: whole(place, [...path, "outputTokens"], counts.outputTokens, 1e12),
  };
}

function readError(place: Place, path: Path, value: unknown): NonNullable<Reply["error"]> {
  const error = members(place, path, value, ["status", "body", "retryAfterSeconds", "afterBytes", "reset", "hang"]);
  const number = (field: string, max: number) =>
    error[field] === undefined ? {} : { [field]: whole(place, [...path, field], error[field], max) };
  const [reset, hang] = [yes(place, [...path, "reset"], error.reset), yes(place, [...path, "hang"], error.hang)];
  if (error.status === undefined && error.afterBytes === undefined && !reset && !hang) {
    throw fault(place, path, "error needs status, afterBytes, reset or hang");
  }
  return {
    ...number("status", 599),
    ...(error.body === undefined ? {} : { body: error.body as Json }),
    ...number("retryAfterSeconds", 3600),
    ...number("afterBytes", 1e9),
    reset,
    hang,
  };
}
