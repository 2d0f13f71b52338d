/** The phases of a run, as `AgentRun.status.phase` shows them. */
export const phases = ["Queued", "Running", "Waiting", "Succeeded", "Failed", "Cancelled", "Refused"] as const;
export type Phase = (typeof phases)[number];

/** What can befall a run. `leaseLost` covers a closed claim stream and missed beats alike. */
export const runEvents = [
  "claim",
  "park",
  "wake",
  "leaseLost",
  "release",
  "succeed",
  "fail",
  "cancel",
  "fire",
] as const;
export type RunEvent = (typeof runEvents)[number];

type Row = Readonly<Record<RunEvent, Phase | "same" | "never">>;

const finished: Row = {
  claim: "never",
  park: "never",
  wake: "same",
  leaseLost: "same",
  release: "same",
  succeed: "never",
  fail: "never",
  cancel: "same",
  fire: "same",
};

/**
 * The life of a run as a total table: controller, gateway, ledger and docs read the same one. "same" is a harmless
 * repetition; "never" is a bug or a former owner and is refused. A finished phase is final.
 */
export const runLife: Readonly<Record<Phase, Row>> = {
  Queued: {
    claim: "Running",
    park: "Waiting",
    wake: "same",
    leaseLost: "same",
    release: "same",
    succeed: "never",
    fail: "Failed",
    cancel: "Cancelled",
    fire: "Cancelled",
  },
  Running: {
    claim: "never",
    park: "Waiting",
    wake: "same",
    leaseLost: "Queued",
    release: "Queued",
    succeed: "Succeeded",
    fail: "Failed",
    cancel: "Cancelled",
    fire: "Cancelled",
  },
  Waiting: {
    claim: "never",
    park: "same",
    wake: "Queued",
    leaseLost: "same",
    release: "same",
    succeed: "never",
    fail: "Failed",
    cancel: "Cancelled",
    fire: "Cancelled",
  },
  Succeeded: finished,
  Failed: finished,
  Cancelled: finished,
  Refused: finished,
};

export function isFinished(phase: Phase): boolean {
  return runLife[phase] === finished;
}
