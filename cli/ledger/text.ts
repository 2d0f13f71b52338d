import type { LedgerSettled, LedgerStatus } from "../../api/wire.ts";

/** How ledger and cluster stand to each other, for a person. */
export function formatLedgerStatus(status: LedgerStatus): string {
  const { ledger, cluster } = status;
  const remembers = cluster.remembers;
  const lines = [
    status.state === "Recovering"
      ? `Recovering: ${status.message}.`
      : status.state === "New"
        ? "New: not paired yet."
        : "Paired.",
    "",
    `ledger       ${ledger.id}`,
    `  belongs to ${ledger.cluster === undefined ? "no cluster yet" : whose(ledger.cluster, cluster.id)}`,
    `  history    ${ledger.sealed} rows sealed, ${ledger.agents} agents, ${ledger.openRuns} runs under way`,
    `cluster      ${cluster.id}`,
    `  remembers  ${remembers === undefined ? "no ledger" : `${remembers.ledger === ledger.id ? "this ledger" : `ledger ${remembers.ledger || "(unreadable)"}`}, ${remembers.seq} rows sealed`}`,
  ];
  if (status.state === "Recovering") lines.push("", ...nextSteps(status));
  return `${lines.join("\n")}\n`;
}

function whose(cluster: string, mine: string): string {
  return cluster === mine ? "this cluster" : `another cluster, ${cluster}`;
}

/** What a person may do about it, the harmless thing first. */
function nextSteps({ cause }: LedgerStatus): readonly string[] {
  switch (cause) {
    case "OtherCluster":
      return [
        "Was the DATABASE_URL or the kubeconfig mixed up? Correct it: nothing was changed here.",
        "Is this cluster to take that ledger over for good?  roster ledger adopt",
      ];
    case "OtherLedger":
      return [
        "Was the DATABASE_URL mixed up? Correct it: nothing was changed here.",
        "Is this the ledger to use from now on?  roster ledger accept",
      ];
    default:
      return [
        "Is there a younger copy? Restore that one, or go back to the original.",
        "Is this as young as it gets?  roster ledger accept",
      ];
  }
}

/** What accepting or adopting is going to do. */
export function formatPlan(how: "accept" | "adopt", { ledger, cluster }: LedgerStatus): string {
  const what =
    how === "accept"
      ? `This declares ledger ${ledger.id}, as it is now, right for cluster ${cluster.id}.`
      : `This takes ledger ${ledger.id} away from cluster ${ledger.cluster} and gives it to cluster ${cluster.id}.`;
  return `${[
    what,
    "  - every token of an agent is worth nothing from then on; agents that are still declared go on working",
    `  - ${ledger.openRuns} runs under way: those that were worked on wait for a person, the others are cancelled`,
    "  - approvals are void, schedules begin anew, nothing that was asked for before is admitted",
    how === "accept"
      ? "  - what the ledger does not know of (charges, firings, approvals after the copy was made) stays unknown"
      : "  - whatever still runs for the former cluster is denied everything",
  ].join("\n")}\n`;
}

/** What it did. */
export function formatSettled(how: "accept" | "adopt", { tokens, uncertain, cancelled }: LedgerSettled): string {
  return `ledger ${how}ed: ${tokens} tokens revoked, ${uncertain} runs wait for a person, ${cancelled} runs cancelled\n`;
}
