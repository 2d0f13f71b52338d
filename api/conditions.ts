/** What one condition says. kstatus-compatible: `Reconciling` and `Stalled` are bad when True, the others good. */
export interface ConditionRow {
  readonly goodWhen: "True" | "False";
  /** What True means, and when the condition is absent. */
  readonly means: string;
}

const ready = (means: string): ConditionRow => ({ goodWhen: "True", means });
const reconciling: ConditionRow = {
  goodWhen: "False",
  means: "Roster is still bringing the spec into force. Absent once it has settled.",
};
const stalled: ConditionRow = {
  goodWhen: "False",
  means:
    "The spec cannot come into force until a person changes something. Absent otherwise; never together with Reconciling.",
};
const frame = { Reconciling: reconciling, Stalled: stalled };

/**
 * Every condition type by kind. Ready means that the spec is understood and in force, never that there is money, a
 * credential or permission to run: those are conditions of their own, so that one missing Secret blocks no sync.
 */
export const conditionTypes = {
  AgentRole: {
    Ready: ready("The role is pinned to a revision and runs may be admitted with it."),
    PolicyCompiled: ready("Every permission rule and contract expression compiles. False admits no new run."),
    TiersResolved: ready("Every slot of modelTiers names a ModelTier that this namespace may use and that is Ready."),
    ToolsResolved: ready("Every server that an action names exists as a ToolServer."),
    AutonomyEarned: ready("Owner, outcome, KPI and stopping rule are there. False caps the role at Observe."),
    WithinSafety: ready("No stopping rule of the role has tripped."),
    ...frame,
  },
  AgentBinding: {
    Ready: ready("The agent is hired: it has an account, and its spec is in force."),
    CredentialsBound: ready(
      "Every credential names a Secret that exists and consents. False stops calls to those servers only.",
    ),
    Funded: ready("Every level of money that covers the binding has something left. False refuses model calls."),
    Provisioned: ready("Account, memory seed and token Secret (where asked for) are there."),
    WithinSafety: ready("No stopping rule acts on the binding."),
    Stopped: {
      goodWhen: "False",
      means: "An AgentStop covers the binding: no call is made. Absent or False otherwise.",
    },
    Revoked: ready("Present while deleting: every token is revoked and every gateway has acknowledged it."),
    DownstreamRevoked: ready(
      "Present while deleting: every credential is revoked at its issuer, removed, or handed on to a person.",
    ),
    ...frame,
  },
  AgentTrigger: {
    Ready: ready("The trigger is armed, or suspended as its spec says."),
    SecretFound: ready("Every Secret that signs events exists. Absent for schedules."),
    TargetsFound: ready("The target exists and has at least one Ready binding."),
    ...frame,
  },
  AgentBudget: {
    Ready: ready("The limits are in force, with what was already spent in the current windows."),
    ...frame,
  },
  AgentStop: {
    Ready: ready("What it covers is stopped."),
    ...frame,
  },
  AgentRun: {
    Finished: ready("The run has ended, in whatever way. Absent before admission."),
    Succeeded: ready("The run ended well. False when it failed, was cancelled or refused; Unknown while it runs."),
  },
  AgentApproval: {
    Decided: ready("The decision counted in the ledger."),
  },
  ModelTier: {
    Ready: ready("The tier can be used: model, prices and endpoint are understood."),
    ...frame,
  },
  ToolServer: {
    Ready: ready("The server's catalog is known and pinned, or it is understood and was not asked yet."),
    CatalogStable: ready("No tool differs from the schema that was admitted. False quarantines those tools only."),
    ...frame,
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, ConditionRow>>>>;

/** Kinds that have conditions. */
export type ConditionedKind = keyof typeof conditionTypes;

/** The condition types of one kind. */
export type ConditionType<K extends ConditionedKind = ConditionedKind> = K extends ConditionedKind
  ? keyof (typeof conditionTypes)[K] & string
  : never;
