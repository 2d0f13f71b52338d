import type { AgentRun, AgentRunStatus } from "../../api/generated/agent-run.ts";
import { type Reason, reasons } from "../../api/reasons.ts";
import { isFinished } from "../../api/run-life.ts";
import type { RunRecord } from "../../ledger/ledger.ts";
import { toRfc3339 } from "../../lib/clock.ts";
import { formatUsd } from "../../lib/money.ts";
import { type Mark, met, type StatusPatch, unknown, unmet } from "../kit/reconciler.ts";

const messageLength = 1_000;

/**
 * What the people of a namespace may see of a run: names, numbers, digests and money; never a prompt, an argument or an
 * answer. Progress inside a phase is shown when the phase ends, so that a run costs the API three writes and not thirty.
 */
export function showRun(run: RunRecord): {
  readonly conditions: readonly Mark[];
  readonly status: StatusPatch<AgentRun>;
} {
  const finished = isFinished(run.phase);
  const settledFields: Partial<AgentRunStatus> = {
    steps: run.steps,
    tokens: { input: run.tokens.input, output: run.tokens.output },
    cost: { own: formatUsd(run.cost) },
  };
  return {
    conditions: conditionsOf(run, finished),
    status: {
      phase: run.phase,
      reason: run.reason === "" ? undefined : run.reason,
      message: run.message === "" ? undefined : run.message.slice(0, messageLength),
      waitingFor:
        run.waitingFor === undefined
          ? undefined
          : { type: run.waitingFor.type, name: run.waitingFor.name, since: toRfc3339(run.waitingFor.since) },
      runID: run.id,
      roleRevision: run.roleRevision === "" ? undefined : run.roleRevision,
      traceID: run.traceId,
      rung: run.rung,
      tier: run.tier,
      ...(finished || run.phase === "Waiting" ? settledFields : {}),
      outcome: finished
        ? {
            artifacts: run.artifacts.map(({ name, sha256, bytes }) => ({ name, sha256, bytes })),
            verified: run.verified,
          }
        : undefined,
      startedAt: run.startedAt === undefined ? undefined : toRfc3339(run.startedAt),
      finishedAt: run.finishedAt === undefined ? undefined : toRfc3339(run.finishedAt),
    },
  };
}

function conditionsOf(run: RunRecord, finished: boolean): readonly Mark[] {
  const reason = toReason(run);
  if (!finished) {
    const message = run.phase === "Waiting" ? run.message : "";
    return [unmet("Finished", reason, message), unknown("Succeeded", reason, message)];
  }
  const message = run.message === "" ? run.phase : run.message;
  const succeeded = run.phase === "Succeeded" ? met("Succeeded", reason, message) : unmet("Succeeded", reason, message);
  return [met("Finished", reason, message), succeeded];
}

function toReason(run: RunRecord): Reason {
  if (run.reason in reasons) return run.reason as Reason;
  switch (run.phase) {
    case "Succeeded":
      return "Succeeded";
    case "Cancelled":
      return "Cancelled";
    case "Queued":
    case "Running":
      return "Running";
    case "Waiting":
      return "ApprovalRequired";
    case "Failed":
    case "Refused":
      return "InternalError";
  }
}
