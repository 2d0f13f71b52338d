import { describe, expect, it } from "vitest";
import type { AgentBinding, AgentBindingSpec } from "../../api/generated/agent-binding.ts";
import type { AgentRole } from "../../api/generated/agent-role.ts";
import type { BindingState } from "../../ledger/ledger.ts";
import { stored } from "../../test/kit/objects.ts";
import type { Plan } from "../kit/reconciler.ts";
import type { SecretFact } from "./credentials.ts";
import { decide } from "./decide.ts";
import { release } from "./release.ts";
import type { Snapshot } from "./snapshot.ts";

const now = Date.parse("2026-11-02T08:00:00Z");
const role = stored<AgentRole>("AgentRole", "assistant", {
  spec: { autonomyBand: "Moderate", budget: { perBinding: { day: "25.00", run: "1.50" } } },
  status: { revision: "r1" },
});

const spec: AgentBindingSpec = { roleRef: { name: "assistant" }, subject: { kind: "User", name: "ana@acme.example" } };

const hired = (more: Partial<BindingState> = {}): BindingState => ({
  uid: "ana-uid",
  tenant: "t",
  namespace: "acme",
  name: "ana",
  roleUid: "assistant-uid",
  roleName: "assistant",
  subject: { kind: "User", name: "ana@acme.example" },
  spec: spec as never,
  effective: { state: "Active", autonomyBand: "Moderate" },
  timeZone: "UTC",
  credentials: [],
  accountId: "acct-1",
  state: "active",
  authoritySeq: 1,
  hiredAt: 0,
  ...more,
});

const given = (more: Partial<Snapshot> = {}, specMore: Partial<AgentBindingSpec> = {}): Snapshot => ({
  binding: stored<AgentBinding>("AgentBinding", "ana", {
    spec: { ...spec, ...specMore },
    status: { observedGeneration: 1, roleRevision: "r1" },
  }),
  tenant: "t",
  role,
  seeds: undefined,
  duplicateOf: undefined,
  credentials: [],
  ownSecrets: [],
  spentSecrets: [],
  state: hired(),
  headroom: { remaining: 1_000_000n, level: "binding ana" },
  summary: undefined,
  offboarding: undefined,
  hold: undefined,
  ...more,
});

const show = (plan: Plan<AgentBinding>) => ({
  writes: plan.writes.map((write) =>
    write.kind === "ledger" ? write.effect : `${write.kind} ${"name" in write ? write.name : ""}`,
  ),
  conditions: Object.fromEntries(plan.conditions.map(({ type, status, reason }) => [type, `${status}/${reason}`])),
  next: plan.next.kind,
  rereads: plan.rereads ?? false,
});

describe("a binding", () => {
  const table: Record<string, { why: string; given: Snapshot; want: Partial<ReturnType<typeof show>> }> = {
    "hires, seeds and funds, then reads again": {
      why: "the account is made by hiring, so nothing can be shown before",
      given: given({ state: undefined, headroom: undefined, seeds: [{ path: "a.md", content: "x" }] }),
      want: { writes: ["ensureTenant", "hire", "seed", "putBudget"], next: "again" },
    },
    "writes nothing that the ledger knows": {
      why: "deciding again after the commit yields no writes but those that are performed once",
      given: given(),
      want: { writes: ["putBudget"], next: "settled", rereads: true },
    },
    "reads again what is left once new limits are in force": {
      why: "the snapshot knew the old ones, and Funded must not lag behind an edit",
      given: given({ binding: stored<AgentBinding>("AgentBinding", "ana", { spec }) }),
      want: { writes: ["putBudget"], rereads: true },
    },
    "hires again when what is in force differs": {
      why: "a narrowing raises the authority's number",
      given: given({}, { state: "Suspended" }),
      want: { writes: ["ensureTenant", "hire", "putBudget"] },
    },
    "waits for its role and revokes nothing meanwhile": {
      why: "deleting a role in use shows Waiting; it fires nobody",
      given: given({ role: undefined }),
      want: { writes: [], conditions: { Ready: "False/RoleNotFound", CredentialsBound: "True/NotRequired" } },
    },
    "stalls beside an elder of the same role and subject": {
      why: "one binding per role and subject",
      given: given({ duplicateOf: "old", state: undefined }),
      want: { writes: [], conditions: { Ready: "False/DuplicateBinding" } },
    },
    "never hires a fired UID anew": {
      why: "fired UIDs are tombstones",
      given: given({ state: hired({ state: "revoked" }) }),
      want: { writes: [], conditions: { Ready: "False/AlreadyFired" } },
    },
  };
  for (const [name, { why, given: snapshot, want }] of Object.entries(table)) {
    it(name, () => expect(show(decide(snapshot, now)), why).toMatchObject(want));
  }

  it("is Ready without money, and says that it has none", () => {
    const plan = show(decide(given({ headroom: undefined }), now));
    expect(plan.conditions).toMatchObject({ Ready: "True/Ready", Funded: "False/Unfunded" });
  });

  it("shows what is in force and why it is less than asked", () => {
    const { status } = decide(
      given({ state: hired({ stoppedBy: "halt" }) }, { autonomyBand: "High", budget: { day: "50.00" } }),
      now,
    );
    expect(status.effective).toEqual({
      state: "Stopped",
      autonomyBand: "Moderate",
      budget: { run: "1.50", day: "25.00" },
      because: "AgentStop \"halt\"; the role's band is Moderate; the role's limit is day 25.00",
    });
  });

  it("shows sums at most once a minute", () => {
    const summary = { runs: 2, active: 0, succeeded: 2, failed: 0, spentToday: 120_000n };
    const status = {
      observedGeneration: 1,
      roleRevision: "r1",
      asOf: "2026-11-02T07:59:30Z",
      summary: { runs: "1", today: "0.00 of 25.00", last: "none" },
    };
    const binding = stored<AgentBinding>("AgentBinding", "ana", { spec, status });
    const early = decide(given({ binding, summary }), now);
    expect(early.status.summary).toEqual(status.summary);
    expect(early.next).toEqual({ kind: "recheck", at: Date.parse("2026-11-02T08:00:30Z") });
    const due = decide(given({ binding, summary }), now + 30_000);
    expect(due.status.summary).toEqual({ runs: "2", today: "0.12 of 25.00", last: "none" });
  });

  it("gives the same plan for the same snapshot", () => {
    const text = (plan: unknown) =>
      JSON.stringify(plan, (_, value) => (typeof value === "bigint" ? String(value) : value));
    expect(text(decide(given(), now))).toBe(text(decide(given(), now)));
  });
});

describe("a credential", () => {
  const secret = (more: object = {}, annotations: Record<string, string> = {}): SecretFact =>
    stored<SecretFact>("Secret", "ana-mail", { type: "roster.dev/credential", data: { token: "" }, ...more } as never, {
      annotations: {
        "roster.dev/allowed-origins": "local:mail https://issuer.example",
        "roster.dev/subject": "ana@acme.example",
        ...annotations,
      },
    });
  const credential = { server: "mail", secretRef: { name: "ana-mail", key: "token" } };
  const revocation = (url: string) => ({ type: "RFC7009" as const, url });
  const table = {
    "is bound where the Secret consents, and protected": {
      fact: { credential, secret: secret() },
      want: "True/Bound",
      protects: true,
    },
    "is missing": { fact: { credential, secret: undefined }, want: "False/SecretNotFound", protects: false },
    "is of another type": {
      fact: { credential, secret: undefined, otherType: true },
      want: "False/SecretNotConsenting",
      protects: false,
    },
    "is somebody else's": {
      fact: { credential, secret: secret({}, { "roster.dev/subject": "ben" }) },
      want: "False/SecretNotConsenting",
      protects: false,
    },
    "names no origin": {
      fact: { credential, secret: secret({}, { "roster.dev/allowed-origins": "" }) },
      want: "False/SecretNotConsenting",
      protects: false,
    },
    "lacks the key": {
      fact: { credential, secret: secret({ data: {} }) },
      want: "False/SecretNotConsenting",
      protects: false,
    },
    "would be revoked where its owner agreed": {
      fact: {
        credential: { ...credential, revocation: revocation("https://issuer.example/revoke") },
        secret: secret(),
      },
      want: "True/Bound",
      protects: true,
    },
    "would be sent somewhere its owner never agreed to": {
      fact: { credential: { ...credential, revocation: revocation("https://evil.example/revoke") }, secret: secret() },
      want: "False/OriginRefused",
      protects: false,
    },
  };
  for (const [name, { fact, want, protects }] of Object.entries(table)) {
    it(name, () => {
      const plan = show(decide(given({ credentials: [fact] }), now));
      expect(plan.conditions).toMatchObject({ CredentialsBound: want, Ready: "True/Ready" });
      expect(plan.writes.includes("protect ana-mail")).toBe(protects);
    });
  }

  it("that is no longer named is let go", () => {
    expect(show(decide(given({ ownSecrets: ["old-mail"] }), now)).writes).toContain("unprotect old-mail");
  });
});

describe("offboarding", () => {
  const status = (gatewaysPending: readonly string[], ...downstream: readonly object[]) =>
    ({ gatewaysPending, downstream, firedAt: 0 }) as unknown as NonNullable<Snapshot["offboarding"]>;
  const pending = { server: "mail", state: "pending", attempts: 1, lastError: "503" };
  const table: Record<string, { why: string; given: Partial<Snapshot>; want: object }> = {
    "waits for the revocation": {
      why: "step 1 is in the ledger before anything else",
      given: { offboarding: undefined },
      want: { conditions: { Revoked: "False/Revoking" }, next: "recheck" },
    },
    "waits for gateways that have not acknowledged": {
      why: "streams may still be open there",
      given: { offboarding: status(["g1"]) },
      want: {
        conditions: { Revoked: "False/Revoking", DownstreamRevoked: "True/NotRequired" },
        next: "recheck",
        writes: [],
      },
    },
    "waits for issuers": {
      why: "retried until they answer",
      given: { offboarding: status([], pending) },
      want: {
        conditions: { Revoked: "True/Revoked", DownstreamRevoked: "False/DownstreamPending" },
        next: "recheck",
        writes: [],
      },
    },
    "lets go when all is done": {
      why: "Secrets first, then the binding",
      given: {
        offboarding: status([], { ...pending, state: "done", outcome: "IssuerAcknowledged" }),
        ownSecrets: ["ana-mail"],
      },
      want: {
        conditions: { DownstreamRevoked: "True/IssuerAcknowledged" },
        next: "settled",
        writes: ["unprotect ana-mail"],
      },
    },
    "lets go when a person took over": {
      why: "no sync may hang on somebody else's server",
      given: { offboarding: status([], { ...pending, state: "handedOn" }) },
      want: { conditions: { DownstreamRevoked: "True/DownstreamHandedOn" }, next: "settled" },
    },
    "is held while many go at once": {
      why: "one commit must not make a fleet unrecoverable",
      given: { offboarding: status([]), hold: { kind: "mass", departed: 9, limit: 5 } },
      want: {
        conditions: { Revoked: "True/Revoked", DownstreamRevoked: "False/HeldMassDeletion" },
        next: "recheck",
        writes: [],
      },
    },
  };
  for (const [name, { why, given: more, want }] of Object.entries(table)) {
    it(name, () => expect(show(release(given({ role: undefined, ...more }), now)), why).toMatchObject(want));
  }
});
