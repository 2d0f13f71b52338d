import { Problem } from "../lib/problem.ts";

/**
 * What the caller does about a reason: `stalled` a human edits something · `waiting` names what it waits for ·
 * `transient` retry · `denied` final, not a fault · `uncertain` may have happened: stop, ask · `fine` a state, not an error.
 */
export type Disposition = "stalled" | "waiting" | "transient" | "denied" | "uncertain" | "fine";

interface ReasonRow {
  readonly disposition: Disposition;
  /** The next step for the person who reads it. */
  readonly hint: string;
}

/**
 * The closed table of reasons: the same word in a condition, an event, an exit message, a metric label and a docs
 * anchor (docs/reference/reasons.md is generated from here). Two dispositions, two reasons. Add rows; do not rename.
 */
export const reasons = {
  // input at the edge
  InvalidAmount: { disposition: "stalled", hint: 'Write money as a decimal string in USD, such as "25.00".' },
  InvalidJson: { disposition: "denied", hint: "Send valid JSON within the limits named in the message." },
  InvalidRequest: { disposition: "denied", hint: "Correct the field that the message names." },
  InvalidManifest: {
    disposition: "stalled",
    hint: "Correct the manifest at the file and line that the message names.",
  },
  InvalidExpression: { disposition: "stalled", hint: "Correct the CEL expression that the message quotes." },
  InvalidSchedule: { disposition: "stalled", hint: "Use five cron fields and an IANA time zone." },
  TooLarge: { disposition: "denied", hint: "Send less, or raise the limit named in the message." },
  NotFound: { disposition: "denied", hint: "Check the name and namespace; list what exists with `kubectl get`." },
  // references between resources
  RoleNotFound: { disposition: "waiting", hint: "Apply the AgentRole that the binding names, in the same namespace." },
  BindingNotFound: { disposition: "waiting", hint: "Apply the AgentBinding that is named, in the same namespace." },
  TierNotFound: { disposition: "waiting", hint: "Apply the ModelTier, or change the role's modelTiers." },
  TierNotReady: { disposition: "waiting", hint: "Look at the ModelTier's conditions: `kubectl describe modeltier`." },
  ToolServerNotFound: { disposition: "waiting", hint: "Apply the ToolServer, or remove it from the role and binding." },
  ToolServerUnreachable: { disposition: "transient", hint: "Check the server's URL and that it is running." },
  SecretNotFound: { disposition: "waiting", hint: "Create the Secret that the credential names." },
  SecretNotConsenting: {
    disposition: "stalled",
    hint: "Give the Secret type roster.dev/credential and the annotations roster.dev/allowed-origins and roster.dev/subject.",
  },
  ContentNotFound: { disposition: "waiting", hint: "Create the ConfigMap that contentFrom names." },
  PolicyInvalid: { disposition: "stalled", hint: "Correct the permission rule that the message names." },
  DuplicateBinding: { disposition: "stalled", hint: "One binding per role and subject: delete one of the two." },
  PriceUnknown: { disposition: "stalled", hint: "Give the ModelTier prices for input and output." },
  NotYetSupported: {
    disposition: "stalled",
    hint: "This version of Roster does not do that yet; remove the field that the message names.",
  },
  AlreadyFired: {
    disposition: "stalled",
    hint: "Delete the binding and create it again: a fired UID is never hired anew.",
  },
  NoTargets: { disposition: "fine", hint: "Hire an agent that the target selects: `kubectl get abind`." },
  NoTools: { disposition: "fine", hint: "Nothing to do; the gateway asks the server at the first call." },
  // states of resources
  Ready: { disposition: "fine", hint: "Nothing to do." },
  Settled: { disposition: "fine", hint: "Nothing to do." },
  Bound: { disposition: "fine", hint: "Nothing to do." },
  NotRequired: { disposition: "fine", hint: "Nothing to do." },
  Funded: { disposition: "fine", hint: "Nothing to do." },
  Provisioned: { disposition: "fine", hint: "Nothing to do." },
  WithinSafety: { disposition: "fine", hint: "Nothing to do." },
  Compiled: { disposition: "fine", hint: "Nothing to do." },
  Resolved: { disposition: "fine", hint: "Nothing to do." },
  Earned: { disposition: "fine", hint: "Nothing to do." },
  NotEarned: { disposition: "fine", hint: "Give the role an owner, an outcome, a KPI and a stopping rule." },
  Queued: { disposition: "fine", hint: "Nothing to do; a worker will take it." },
  Waiting: { disposition: "fine", hint: "The message names what it waits for." },
  Running: { disposition: "fine", hint: "Nothing to do." },
  NotStopped: { disposition: "fine", hint: "Nothing to do." },
  Suspended: { disposition: "fine", hint: "Set spec.state to Active to resume." },
  Stopped: { disposition: "fine", hint: "Delete the AgentStop that covers it: `kubectl get astop`." },
  Unfunded: { disposition: "fine", hint: "Raise the limit that the message names, or wait for the next window." },
  Revoked: { disposition: "fine", hint: "Nothing to do." },
  Revoking: { disposition: "waiting", hint: "Wait; the message names what has not answered yet." },
  IssuerAcknowledged: { disposition: "fine", hint: "Nothing to do." },
  SecretRemoved: { disposition: "fine", hint: "Nothing to do." },
  DownstreamPending: {
    disposition: "waiting",
    hint: "Wait for the issuer: the binding's condition DownstreamRevoked says what it waits for.",
  },
  DownstreamHandedOn: {
    disposition: "fine",
    hint: "Revoke it at the issuer by hand: the binding's last event names the tool servers.",
  },
  HeldMassDeletion: {
    disposition: "waiting",
    hint: "Many bindings went at once. Annotate the namespace with roster.dev/release-deletion=true if it is meant.",
  },
  Reconciling: { disposition: "waiting", hint: "Wait." },
  InternalError: { disposition: "transient", hint: "This is a bug in Roster. Report the id in the message." },
  // admission of runs
  BindingNotReady: { disposition: "denied", hint: "Look at the binding's conditions: `kubectl describe abind`." },
  BindingSuspended: { disposition: "denied", hint: "Set the binding's spec.state to Active." },
  ForgedRequest: { disposition: "denied", hint: "Leave runID and origin out: only the controller sets them." },
  InputInvalid: { disposition: "denied", hint: "Make the task fit the role's input contract." },
  TooManyWaiting: { disposition: "denied", hint: "Cancel waiting runs or raise limits.maxWaitingRuns." },
  MissedDeadline: { disposition: "denied", hint: "Raise startingDeadlineSeconds if late runs are useful." },
  ConcurrencyForbidden: { disposition: "denied", hint: "The previous run still runs and the schedule forbids two." },
  // money
  BudgetExhausted: {
    disposition: "denied",
    hint: "Raise the limit of the level that the message names, or wait for its next window.",
  },
  // identity and authority
  Unauthenticated: { disposition: "denied", hint: "Send a valid bearer token." },
  Forbidden: { disposition: "denied", hint: "Ask for the right that the message names." },
  TokenRevoked: {
    disposition: "denied",
    hint: "The agent was fired, stopped or re-issued; nothing more can be done with this token.",
  },
  EpochLost: { disposition: "denied", hint: "Another worker owns the run now; drop it." },
  // policy
  PolicyDenied: {
    disposition: "denied",
    hint: "Change the role's permissions by pull request if the action is wanted.",
  },
  ApprovalRequired: { disposition: "waiting", hint: "The action needs an approval." },
  UnknownAction: { disposition: "denied", hint: "Use one of the tools in the catalog." },
  ArgumentsInvalid: { disposition: "denied", hint: "Make the arguments fit the tool's schema." },
  ToolQuarantined: { disposition: "denied", hint: "The tool changed; admit its new schemaHash in the ToolServer." },
  OriginRefused: { disposition: "denied", hint: "Let the Secret name the server's origin, or the operator allow it." },
  // calls outward
  ModelUnavailable: { disposition: "transient", hint: "The provider failed; the call is retried." },
  ModelRejected: { disposition: "denied", hint: "The provider refused the request; see the message." },
  RateLimited: { disposition: "transient", hint: "The provider asked to wait." },
  ToolUnavailable: { disposition: "transient", hint: "The tool server failed; the call is retried." },
  ToolFailed: { disposition: "denied", hint: "The tool reported an error; the model sees it." },
  OutcomeUnknown: {
    disposition: "uncertain",
    hint: "Find out whether the call happened, then resume or cancel the run.",
  },
  JournalDiverged: {
    disposition: "uncertain",
    hint: "The run took another path than its journal; inspect it with `roster trace`.",
  },
  // finishing
  Succeeded: { disposition: "fine", hint: "Nothing to do." },
  OutputInvalid: { disposition: "denied", hint: "The answer does not fit the role's output contract." },
  EvidenceMissing: {
    disposition: "denied",
    hint: "The role's contract asks for an artifact that the run did not leave.",
  },
  StepLimit: { disposition: "denied", hint: "Raise limits.maxSteps or make the task smaller." },
  TimeLimit: { disposition: "denied", hint: "Raise limits.maxActiveSeconds or deadlineSeconds." },
  NoProgress: { disposition: "denied", hint: "The run repeated the same call with the same result." },
  NoRungApplies: { disposition: "denied", hint: "End the role's router with a rung that has no condition." },
  Cancelled: { disposition: "fine", hint: "Nothing to do." },
  Fired: { disposition: "fine", hint: "The binding was deleted." },
  Dropped: { disposition: "fine", hint: "A rule of the role dropped this event." },
  // stores and leadership
  Elected: { disposition: "fine", hint: "Nothing to do: another controller replica leads from now on." },
  LedgerUnavailable: {
    disposition: "transient",
    hint: "Postgres cannot be reached; everything is denied until it is back.",
  },
  InvalidKey: { disposition: "stalled", hint: "Restore the key file that this ledger was made with." },
  LedgerUnsafe: { disposition: "stalled", hint: "Turn fsync and synchronous_commit on in Postgres." },
  LeadershipLost: { disposition: "transient", hint: "Another replica leads; this one stands by." },
  Recovering: {
    disposition: "waiting",
    hint: "Look with `roster ledger status`; connect the right ledger, or say that this one is by `roster ledger accept` or `adopt`.",
  },
  OlderThanRecovery: {
    disposition: "denied",
    hint: "It may have been done before ledger and cluster were paired anew: look, and ask again if it was not.",
  },
  AdmissionUnenforced: {
    disposition: "stalled",
    hint: "Install the policies that the message names again: `kubectl apply -f manifests/install/admission.yaml`.",
  },
  AdmissionEnforced: { disposition: "fine", hint: "Nothing to do." },
  GatewayUnavailable: {
    disposition: "transient",
    hint: "Check that a gateway is ready and can be reached from here: through an ingress, or by `kubectl port-forward -n roster-system svc/roster-gateway 7480` and --gateway. A run goes back to the queue.",
  },
  KubeUnavailable: { disposition: "transient", hint: "The Kubernetes API cannot be reached." },
  Conflict: { disposition: "transient", hint: "The object changed meanwhile; it is read again." },
  // the command line
  Unfinished: { disposition: "waiting", hint: "Run the same command again: it goes on from there." },
  NoController: {
    disposition: "stalled",
    hint: "Start a controller and run the command again; --force goes on without one, and revokes nothing.",
  },
  PortInUse: { disposition: "stalled", hint: "Stop the other process or choose another port." },
  AlreadyRunning: { disposition: "stalled", hint: "Another `roster up` uses this folder; stop it or set ROSTER_HOME." },
  DiskFull: { disposition: "stalled", hint: "Free some space and start again." },
  ChildFailed: { disposition: "stalled", hint: "Read the log file that the message names." },
  PostgresFailed: { disposition: "stalled", hint: "See the log file that the message names." },
} as const satisfies Record<string, ReasonRow>;

export type Reason = keyof typeof reasons;

/** A `Problem` whose reason is in the table. Use this, not the class, outside lib/. */
export function problem(
  reason: Reason,
  message: string,
  options: { cause?: unknown; details?: Record<string, unknown> } = {},
): Problem {
  return new Problem(reason, message, options);
}

/** What to do about anything thrown; undefined for a bug (not a Problem, or an unknown reason). */
export function dispositionOf(thrown: unknown): Disposition | undefined {
  return thrown instanceof Problem && thrown.reason in reasons
    ? reasons[thrown.reason as Reason].disposition
    : undefined;
}

/** The next step that belongs to a reason. */
export function hintOf(reason: string): string {
  return reason in reasons ? reasons[reason as Reason].hint : "";
}
