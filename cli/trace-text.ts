import type { Trace, TraceStep } from "../api/wire.ts";
import { table } from "./table.ts";

/** A trace as a person reads it: what became of it, then one line for each step. Money in USD, digests cut to twelve. */
export function formatTrace(trace: Trace): string {
  const { run, steps, artifacts } = trace;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ["Run", `${run.namespace}/${run.name}`],
    ["Binding", `${run.binding} (role ${run.role}, revision ${run.roleRevision.slice(0, 12)})`],
    ["Phase", [run.phase, run.reason === run.phase ? "" : run.reason, run.message].filter(Boolean).join(" · ")],
    ["Answered by", run.rung ? `${run.rung}${run.tier ? ` (tier ${run.tier})` : ""}` : undefined],
    ["Time", time(run)],
    ["Tokens", `${run.tokens.input} in, ${run.tokens.output} out`],
    ["Cost", `$${run.cost}`],
    ["Trace", run.traceId],
  ];
  const head = facts
    .filter((fact): fact is readonly [string, string] => fact[1] !== undefined)
    .map(([name, value]) => `${`${name}:`.padEnd(13)}${value}\n`)
    .join("");
  const stepTable = table(
    ["STEP", "KIND", "NAME", "STATE", "VERDICT", "RULE", "IN", "OUT", "COST", "MS", "REQUEST", "RESPONSE"],
    steps.map(row),
  );
  const left = table(
    ["ARTIFACT", "BYTES", "SHA256"],
    artifacts.map((one) => [one.name, String(one.bytes), one.sha256.slice(0, 12)]),
  );
  const errors = steps.filter((step) => step.error).map((step) => `  ${step.step}: ${step.error}\n`);
  return [head, stepTable || "No steps were taken.\n", left, errors.length > 0 ? `Errors:\n${errors.join("")}` : ""]
    .filter((part) => part !== "")
    .join("\n");
}

function row(step: TraceStep): readonly string[] {
  return [
    step.step,
    step.kind,
    step.name,
    step.state,
    step.verdict ?? "-",
    step.rule ?? "-",
    String(step.tokens?.input ?? "-"),
    String(step.tokens?.output ?? "-"),
    step.cost ?? "-",
    String(step.durationMs ?? "-"),
    step.requestSha256.slice(0, 12),
    step.responseSha256?.slice(0, 12) ?? "-",
  ];
}

function time(run: Trace["run"]): string {
  const from = run.startedAt ?? run.createdAt;
  if (!run.finishedAt) return `since ${from}`;
  const seconds = (Date.parse(run.finishedAt) - Date.parse(from)) / 1000;
  return `${from}, took ${seconds.toFixed(1)} s`;
}
