import type { AgentRoleSpec } from "../../api/generated/agent-role.ts";
import type { Claim, FinishAnswer, FinishRequest, RecordedStep, ToolResult } from "../../api/wire.ts";
import { systemClock } from "../../lib/clock.ts";
import type { Json, JsonObject } from "../../lib/json.ts";
import { silentLog } from "../../lib/log.ts";
import type { Ports } from "../../runtime/ports.ts";

/** A claim of Tess for Ana, with what a test changes about it. */
export function aClaim(change: Partial<Omit<Claim, "role">> & { readonly spec?: Partial<AgentRoleSpec> } = {}): Claim {
  const { spec, ...rest } = change;
  return {
    runId: "0193b2c0-0000-7000-8000-000000000001",
    epoch: 1,
    token: "rst_test",
    leaseMs: 30_000,
    deadline: 3_600_000,
    now: 0,
    createdAt: Date.UTC(2026, 10, 23, 7, 30),
    role: {
      name: "executive-assistant",
      revision: "r1",
      spec: { soul: "You are Tess.", modelTiers: { classify: "cheap", draft: "workhorse" }, ...spec },
    },
    binding: {
      name: "tess-ana",
      namespace: "acme",
      subject: { kind: "User", name: "ana@acme.example" },
      account: { id: "a1", displayName: "Tess for Ana" },
      timeZone: "Europe/Lisbon",
      parameters: { style: "brief" },
    },
    task: { intent: "daily-snapshot", text: "Prepare the snapshot.", payload: { horizonDays: 1 } },
    origin: { type: "Person" },
    traceparent: "00-00000000000000000000000000000001-0000000000000001-01",
    tools: [
      { action: "mail.search", description: "Finds mail", effect: "Read", inputSchema: { type: "object" } },
      { action: "artifact.write", description: "Leaves a file", effect: "Write", inputSchema: { type: "object" } },
    ],
    transcript: [],
    ...rest,
  };
}

/** OpenAI's completion that says `text`, or proposes calls. */
export function completion(
  said: string | readonly { readonly name: string; readonly arguments: Json | string }[],
  finish?: string,
): JsonObject {
  const calls = typeof said === "string" ? [] : said;
  const tool_calls = calls.map((call, i) => ({
    id: `c${i}`,
    type: "function",
    function: {
      name: call.name.replace(".", "__"),
      arguments: typeof call.arguments === "string" ? call.arguments : JSON.stringify(call.arguments),
    },
  }));
  const message = {
    role: "assistant",
    content: typeof said === "string" ? said : null,
    ...(calls.length > 0 ? { tool_calls } : {}),
  };
  return { choices: [{ index: 0, message, finish_reason: finish ?? (calls.length > 0 ? "tool_calls" : "stop") }] };
}

export const result = (value: JsonObject): ToolResult => ({
  content: [{ type: "text", text: JSON.stringify(value) }],
  structuredContent: value,
});
export const failed = (text: string): ToolResult => ({ isError: true, content: [{ type: "text", text }] });

interface Script {
  /** Answers of the model in order, or a function of the step. */
  readonly model?: readonly (JsonObject | Error)[];
  readonly tools?: Readonly<Record<string, (args: JsonObject) => ToolResult>>;
  readonly finish?: readonly FinishAnswer[];
  readonly remainingMs?: () => number;
}

/** Ports that play a script and keep what went through them, as a gateway's journal would. */
export function scriptedPorts(script: Script) {
  const asked: { readonly step: number; readonly request: JsonObject }[] = [];
  const called: { readonly step: string; readonly action: string; readonly arguments: JsonObject }[] = [];
  const finished: FinishRequest[] = [];
  const transcript: RecordedStep[] = [];
  const ports: Ports = {
    async complete(step, request) {
      asked.push({ step, request });
      const answer = script.model?.[asked.length - 1];
      if (answer === undefined) throw new Error(`the script has no answer ${asked.length}`);
      if (answer instanceof Error) throw answer;
      transcript.push({ kind: "model", step, request, response: answer });
      return answer;
    },
    async call(step, index, action, args) {
      called.push({ step: `${step}.${index}`, action, arguments: args });
      const answer = script.tools?.[action]?.(args) ?? failed(`there is no ${action}`);
      transcript.push({ kind: "tool", step, action: index, name: action, arguments: args, result: answer });
      return answer;
    },
    async finish(request) {
      finished.push(request);
      return script.finish?.[finished.length - 1] ?? { outcome: "finished", phase: "Succeeded" };
    },
    async fail() {},
    remainingMs: script.remainingMs ?? (() => 60_000),
    signal: new AbortController().signal,
    clock: systemClock,
    log: silentLog,
  };
  return { ports, asked, called, finished, transcript };
}
