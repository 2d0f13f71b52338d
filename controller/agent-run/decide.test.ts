import { describe, expect, it } from "vitest";
import type { AgentBinding } from "../../api/generated/agent-binding.ts";
import type { AgentRun, AgentRunSpec, AgentRunStatus } from "../../api/generated/agent-run.ts";
import type { ObjectMeta } from "../../api/resource.ts";
import type { RunRecord } from "../../ledger/ledger.ts";
import { stored } from "../../test/kit/objects.ts";
import { decide, type Snapshot } from "./decide.ts";
import { showRun } from "./show.ts";

const made = Date.parse("2026-11-02T08:00:00Z");
const binding = stored<AgentBinding>("AgentBinding", "ana", {
  spec: { roleRef: { name: "assistant" }, subject: { kind: "User", name: "ana@acme.example" } },
  status: { accountID: "a" },
});

const run = (more: Partial<RunRecord> = {}): RunRecord => ({
  id: "run-1",
  tenant: "t",
  namespace: "acme",
  objectName: "try",
  objectUid: "try-uid",
  bindingUid: "ana-uid",
  bindingName: "ana",
  roleName: "assistant",
  roleRevision: "r1",
  phase: "Queued",
  reason: "Queued",
  message: "",
  origin: { type: "Person" },
  requestedBy: "ana",
  task: { text: "secret task" },
  epoch: 0,
  steps: 0,
  tokens: { input: 0, output: 0 },
  cost: 0n,
  traceId: "tr",
  verified: "Unknown",
  artifacts: [],
  createdAt: made,
  deadline: made + 1,
  changeSeq: 1,
  ...more,
});

const given = (
  spec: Partial<AgentRunSpec> = {},
  more: Partial<Snapshot> & { readonly status?: AgentRunStatus; readonly metadata?: Partial<ObjectMeta> } = {},
): Snapshot => ({
  object: stored<AgentRun>(
    "AgentRun",
    "try",
    {
      spec: { bindingRef: { name: "ana" }, requestedBy: "ana", task: { text: "x" }, ...spec },
      ...(more.status === undefined ? {} : { status: more.status }),
    },
    { creationTimestamp: "2026-11-02T08:00:00Z", ...more.metadata },
  ),
  tenant: "t",
  run: more.run,
  binding: "binding" in more ? more.binding : binding,
  misfit: more.misfit,
});

const show = (snapshot: Snapshot, now = made) => {
  const plan = decide(snapshot, now);
  return {
    writes: plan.writes.map((write) => (write.kind === "ledger" ? write.effect : write.kind)),
    phase: plan.status.phase,
    reason: plan.status.reason,
    next: plan.next.kind,
  };
};
const stamped = { annotations: { "roster.dev/admitted": "run-1" } };

describe("an AgentRun", () => {
  const table: Record<string, { why: string; given: Snapshot; now?: number; want: Partial<ReturnType<typeof show>> }> =
    {
      "is admitted once, then read again": {
        why: "the row is the truth",
        given: given(),
        want: { writes: ["admit"], next: "again" },
      },
      "is stamped with its run": {
        why: "so that a copy of it is known",
        given: given({}, { run: run() }),
        want: { writes: ["annotate"], phase: "Queued" },
      },
      "that is stamped writes nothing more": {
        why: "quiet",
        given: given({}, { run: run(), metadata: stamped }),
        want: { writes: [], phase: "Queued" },
      },
      "with a runID that is not its own is forged": {
        why: "a window fed back must never be a request",
        given: given({ runID: "run-9" }),
        want: { writes: ["recordRefusal"], phase: "Refused", reason: "ForgedRequest" },
      },
      "that claims to come from a schedule is forged": {
        why: "origin decides whom to believe",
        given: given({ origin: { type: "Schedule", trigger: "daily" } }),
        want: { phase: "Refused", reason: "ForgedRequest" },
      },
      "with somebody else's stamp is forged": {
        why: "admitted once",
        given: given({}, { metadata: stamped }),
        want: { phase: "Refused", reason: "ForgedRequest" },
      },
      "without a requester is no request": {
        why: "somebody must answer for it",
        given: given({ requestedBy: "" }),
        want: { phase: "Refused", reason: "InvalidRequest" },
      },
      "under GitOps is no request": {
        why: "a sync would make a run each time",
        given: given({}, { metadata: { labels: { "argocd.argoproj.io/instance": "x" } } }),
        want: { phase: "Refused", reason: "InvalidRequest" },
      },
      "waits a while for its agent to be hired": {
        why: "both may be applied together",
        given: given({}, { binding: undefined }),
        want: { writes: [], next: "recheck" },
      },
      "does not wait for ever": {
        why: "a name may be misspelt",
        given: given({}, { binding: undefined }),
        now: made + 30_000,
        want: { phase: "Refused", reason: "BindingNotFound" },
      },
      "whose task does not fit the role is refused": {
        why: "the contract says what a role takes",
        given: given({}, { misfit: "payload.day is missing" }),
        want: { phase: "Refused", reason: "InputInvalid" },
      },
      "stays refused": {
        why: "a refusal is final, whatever changes later",
        given: given({}, { status: { phase: "Refused", reason: "ForgedRequest" } }),
        want: { writes: [], next: "settled" },
      },
      "that ended stays as it is shown where the ledger does not know it": {
        why: "a ledger restored from a copy must not refuse what was done",
        given: given({}, { status: { phase: "Succeeded", reason: "Succeeded" }, metadata: stamped }),
        want: { writes: [], next: "settled", phase: undefined },
      },
      "that ran when the ledger was restored to before it is of unknown outcome": {
        why: "it may have acted, so it is not asked for again by itself",
        given: given({}, { status: { phase: "Running" }, metadata: stamped }),
        want: { writes: ["recordRefusal"], phase: "Failed", reason: "OutcomeUnknown" },
      },
      "is cancelled when it asks for it": {
        why: "desiredState is the one field that may change",
        given: given({ desiredState: "Cancelled" }, { run: run({ phase: "Running" }) }),
        want: { writes: ["cancel"], next: "again" },
      },
      "is not cancelled after its end": {
        why: "finished is final",
        given: given({ desiredState: "Cancelled" }, { run: run({ phase: "Succeeded" }), metadata: stamped }),
        want: { writes: [], phase: "Succeeded" },
      },
      "is removed when its time after the end is over": {
        why: "ttlSecondsAfterFinished; the row stays",
        given: given(
          { ttlSecondsAfterFinished: 60 },
          { run: run({ phase: "Failed", finishedAt: made }), metadata: stamped },
        ),
        now: made + 60_000,
        want: { writes: ["remove"], next: "settled" },
      },
      "waits for that time": {
        why: "not a second early",
        given: given(
          { ttlSecondsAfterFinished: 60 },
          { run: run({ phase: "Failed", finishedAt: made }), metadata: stamped },
        ),
        now: made + 59_000,
        want: { writes: [], next: "recheck" },
      },
    };
  for (const [name, { why, given: snapshot, now, want }] of Object.entries(table)) {
    it(name, () => expect(show(snapshot, now), why).toMatchObject(want));
  }
});

describe("what is shown of a run", () => {
  const finished = run({
    phase: "Succeeded",
    reason: "Succeeded",
    steps: 3,
    cost: 1_250n,
    tokens: { input: 10, output: 5 },
    finishedAt: made,
  });
  it("is names, numbers, digests and money, never the task", () => {
    expect(JSON.stringify(showRun(finished))).not.toContain("secret");
    expect(showRun(finished).status).toMatchObject({
      phase: "Succeeded",
      steps: 3,
      cost: { own: "0.00125" },
      tokens: { input: 10, output: 5 },
    });
  });
  it("does not move with each step of a running run", () => {
    const at = (steps: number) =>
      JSON.stringify(showRun(run({ phase: "Running", steps, cost: BigInt(steps), startedAt: made })));
    expect(at(1)).toBe(at(9));
  });
  it("says Unknown of success until the end", () => {
    const of = (phase: RunRecord["phase"]) =>
      Object.fromEntries(showRun(run({ phase })).conditions.map(({ type, status }) => [type, status]));
    expect(of("Running")).toEqual({ Finished: "False", Succeeded: "Unknown" });
    expect(of("Waiting")).toEqual({ Finished: "False", Succeeded: "Unknown" });
    expect(of("Succeeded")).toEqual({ Finished: "True", Succeeded: "True" });
    for (const phase of ["Failed", "Cancelled", "Refused"] as const)
      expect(of(phase)).toEqual({ Finished: "True", Succeeded: "False" });
  });
});
