import type { AgentBinding } from "../../../api/generated/agent-binding.ts";
import type { AgentRun } from "../../../api/generated/agent-run.ts";
import type { AgentTrigger } from "../../../api/generated/agent-trigger.ts";
import { answer, conditionOf, type News } from "./news.ts";
import { type Line, type Part, paint, type Style } from "./paint.ts";

/** All that one picture shows. */
export interface Picture {
  readonly facts: Facts;
  readonly bindings: readonly AgentBinding[];
  readonly triggers: readonly AgentTrigger[];
  readonly runs: readonly AgentRun[];
  readonly news: readonly (News & { readonly at: string })[];
  readonly clock: string;
  readonly now: number;
}

export interface Facts {
  readonly version: string;
  /** Where answers come from, e.g. the offline rehearsal. */
  readonly model: string;
  readonly rehearsal: boolean;
  readonly apiUrl: string;
  readonly gatewayUrl: string;
  /** As a person would type it. */
  readonly kubeconfig: string;
}

const phaseStyle: Readonly<Record<string, Style>> = {
  Succeeded: "good",
  Failed: "bad",
  Refused: "bad",
  Waiting: "notice",
  Running: "strong",
};

/** The whole view as lines no wider than `columns` and no more than `rows`: pure, so that it can be tested as text. */
export function draw(
  picture: Picture,
  size: { readonly columns: number; readonly rows: number },
  colours: boolean,
): string[] {
  const head = header(picture);
  const next = [blank, ...tryNext(picture)];
  const hired = section(
    "HIRED",
    ["NAME", "ROLE", "FOR", "BAND", "TODAY", "RUNS", "STATE"],
    picture.bindings.map(bindingRow),
    "nobody yet",
  );
  const schedule = section(
    "FIRES",
    ["TRIGGER", "FOR", "NEXT", "LAST", "FIRED"],
    picture.triggers.map((one) => triggerRow(one, picture)),
    "no triggers",
  );
  const waiting = picture.runs.filter((run) => run.status?.phase === "Waiting");
  const waits =
    waiting.length > 0
      ? section(
          "WAITS",
          ["RUN", "FOR", "SINCE"],
          waiting.map((run) => waitRow(run)),
          "",
        )
      : [];
  // What is left is shared by runs and news; the commands at the end are always seen.
  const left = Math.max(6, size.rows - head.length - next.length - hired.length - schedule.length - waits.length - 8);
  const runRows = Math.max(2, Math.min(picture.runs.length, Math.ceil(left / 2)));
  const runs = section(
    "RUNS",
    ["RUN", "PHASE", "ANSWERED BY", "STEPS", "COST", "TOOK", "ASKED BY"],
    picture.runs.slice(0, runRows).map((run) => runRow(run, picture.now)),
    "none yet",
    picture.runs.length > runRows ? `${picture.runs.length - runRows} more: kubectl get arun` : "",
  );
  const newsRows = Math.max(2, left - runs.length + 4);
  const news: Line[] = [
    blank,
    [["NEWS", "title"]],
    ...picture.news.slice(-newsRows).map(
      (one): Line => [
        [`  ${one.at} `, "faint"],
        [one.text, one.tone === "plain" ? "plain" : one.tone],
      ],
    ),
  ];
  const all = [...head, ...hired, ...schedule, ...waits, ...runs, ...news];
  const body = all.slice(0, Math.max(1, size.rows - next.length));
  return [...body, ...next].slice(0, size.rows).map((line) => paint(line, size.columns, colours));
}

const blank: Line = [];

function header({ facts, clock }: Picture): Line[] {
  const label: Part = facts.rehearsal ? [` REHEARSAL: ${facts.model} `, "label"] : [`model ${facts.model}`, "plain"];
  return [
    [[`roster ${facts.version}`, "strong"], ["  ", "plain"], label, [`  ${clock}`, "faint"]],
    [[`API ${facts.apiUrl}  gateway ${facts.gatewayUrl}`, "faint"]],
  ];
}

function tryNext({ facts, bindings, runs }: Picture): Line[] {
  const binding = bindings.find((one) => one.metadata.name === "tess-ana") ?? bindings[0];
  const run = runs.find((one) => one.status?.phase === "Succeeded") ?? runs[0];
  const commands: readonly (readonly [string, string])[] = [
    ["kubectl get abind -o wide", "who works for whom, and what it cost"],
    [`npm run -s roster -- trace arun/${run?.metadata.name ?? "<name>"}`, "what it did, step by step"],
    [`kubectl delete abind ${binding?.metadata.name ?? "<name>"}`, "fire it: its next call is refused"],
  ];
  const width = Math.max(...commands.map(([text]) => text.length));
  return [
    [
      ["TRY NEXT", "title"],
      ["  in another terminal, after  ", "faint"],
      [`export KUBECONFIG=${facts.kubeconfig}`, "command"],
    ],
    ...commands.map(
      ([text, why]): Line => [
        [`  ${text.padEnd(width)}`, "command"],
        [`  ${why}`, "faint"],
      ],
    ),
    [["Ctrl-C stops everything; the state stays.", "faint"]],
  ];
}

function section(
  title: string,
  head: readonly string[],
  rows: readonly (readonly Part[])[],
  none: string,
  more = "",
): Line[] {
  if (rows.length === 0)
    return [
      blank,
      [
        [title, "title"],
        [`  ${none}`, "faint"],
      ],
    ];
  const widths = head.map((name, i) => Math.max(name.length, ...rows.map((row) => row[i]?.[0].length ?? 0)));
  const aligned = (cells: readonly Part[]): Line =>
    cells.map(
      ([text, style], i): Part => [
        (i === 0 ? "  " : "  ") + text.padEnd(i === cells.length - 1 ? 0 : (widths[i] ?? 0)),
        style,
      ],
    );
  return [
    blank,
    [[title, "title"]],
    aligned(head.map((name): Part => [name, "faint"])),
    ...rows.map(aligned),
    ...(more === "" ? [] : [[[`  ${more}`, "faint"] as Part]]),
  ];
}

function bindingRow(binding: AgentBinding): readonly Part[] {
  const { spec, status, metadata } = binding;
  const [state, style] = stateOf(binding);
  return [
    [metadata.name, "strong"],
    [spec.roleRef.name, "plain"],
    [spec.subject.name, "plain"],
    [status?.effective?.autonomyBand ?? "", "plain"],
    [usd(status?.summary?.today), "plain"],
    [status?.summary?.runs ?? "", "plain"],
    [state, style],
  ];
}

function stateOf({ metadata, status }: AgentBinding): readonly [string, Style] {
  const { conditions } = status ?? {};
  if (metadata.deletionTimestamp)
    return [conditionOf(conditions, "Revoked")?.status === "True" ? "fired, revoked" : "being fired", "notice"];
  const ready = conditionOf(conditions, "Ready");
  if (ready?.status !== "True")
    return [ready ? `${ready.reason}: ${ready.message}` : "being hired", ready ? "bad" : "faint"];
  const lacking = ["CredentialsBound", "Funded", "Provisioned", "WithinSafety"]
    .map((type) => conditionOf(conditions, type))
    .find((condition) => condition?.status === "False");
  if (conditionOf(conditions, "Stopped")?.status === "True") return ["stopped", "notice"];
  if (status?.effective?.state && status.effective.state !== "Active")
    return [status.effective.state.toLowerCase(), "notice"];
  return lacking ? [`ready, but ${lacking.reason}: ${lacking.message}`, "notice"] : ["ready", "good"];
}

function triggerRow(trigger: AgentTrigger, { now }: Picture): readonly Part[] {
  const { status, metadata, spec } = trigger;
  const target = status?.summary?.target ?? spec.target?.bindingRef?.name ?? spec.target?.roleRef?.name ?? "";
  return [
    [metadata.name, "strong"],
    [target, "plain"],
    [status?.nextFire ? until(status.nextFire, now) : "-", "plain"],
    [status?.lastFire ? ago(status.lastFire, now) : "-", "plain"],
    [String(status?.fired ?? 0), "plain"],
  ];
}

function runRow(run: AgentRun, now: number): readonly Part[] {
  const { status, spec, metadata } = run;
  const phase = status?.phase ?? "Requested";
  const ends = status?.finishedAt ? Date.parse(status.finishedAt) : now;
  const took = status?.startedAt ? span(Math.max(0, ends - Date.parse(status.startedAt))) : "";
  const why = ["Failed", "Refused", "Cancelled"].includes(phase) ? ` ${status?.reason ?? ""}` : "";
  return [
    [metadata.name, "strong"],
    [phase + why, phaseStyle[phase] ?? "plain"],
    [answer(run), "plain"],
    [status?.steps === undefined ? "" : String(status.steps), "plain"],
    [usd(status?.cost?.own), "plain"],
    [took, "plain"],
    [
      spec.origin && spec.origin.type !== "Person"
        ? (spec.origin.trigger ?? spec.origin.type)
        : (spec.requestedBy ?? ""),
      "plain",
    ],
  ];
}

function waitRow(run: AgentRun): readonly Part[] {
  const waiting = run.status?.waitingFor;
  const what = waiting ? [waiting.type, waiting.name].filter(Boolean).join(" ") : (run.status?.reason ?? "");
  return [
    [run.metadata.name, "strong"],
    [what, "notice"],
    [waiting?.since ?? "", "plain"],
  ];
}

function usd(text: string | undefined): string {
  return text === undefined || text === "" ? "" : text.startsWith("$") ? text : `$${text}`;
}

function until(at: string, now: number): string {
  const ms = Date.parse(at) - now;
  return ms > 86_400_000 ? at.slice(0, 16).replace("T", " ") : ms <= 0 ? "now" : `in ${span(ms)}`;
}

function ago(at: string, now: number): string {
  return `${span(Math.max(0, now - Date.parse(at)))} ago`;
}

function span(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 90) return `${seconds} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}
