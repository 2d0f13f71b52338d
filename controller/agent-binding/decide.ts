import { isDeepStrictEqual } from "node:util";
import type { AgentBinding, AgentBindingStatus } from "../../api/generated/agent-binding.ts";
import type { AgentRole } from "../../api/generated/agent-role.ts";
import { kinds } from "../../api/kinds.ts";
import type { Stored } from "../../api/resource.ts";
import type { BindingRecord } from "../../ledger/ledger.ts";
import type { Instant } from "../../lib/clock.ts";
import { canonicalJson, type JsonObject } from "../../lib/json.ts";
import { formatUsd } from "../../lib/money.ts";
import { autonomyEarned, type Band, tighterBand, toBand } from "../../policy/autonomy.ts";
import { tighterLimits } from "../../policy/budgets.ts";
import { again, type Mark, met, type Plan, settled, unmet, type Write } from "../kit/reconciler.ts";
import { paceSums } from "../kit/sums.ts";
import { consents, judgeCredentials } from "./credentials.ts";
import { protectionFinalizer, type Snapshot } from "./snapshot.ts";

/** Hires the agent and keeps what is in force equal to what is declared. */
export function decide(snapshot: Snapshot, now: Instant): Plan<AgentBinding> {
  const { binding, role, state, duplicateOf } = snapshot;
  const { roleRef, subject } = binding.spec;
  if (state?.state === "revoked") {
    return idle(
      unmet("Ready", "AlreadyFired", "the agent was fired under this UID; delete the binding and create it again"),
    );
  }
  if (duplicateOf !== undefined) {
    return idle(
      unmet(
        "Ready",
        "DuplicateBinding",
        `"${duplicateOf}" binds role "${roleRef.name}" to ${subject.kind} "${subject.name}" already`,
      ),
    );
  }
  if (role === undefined) {
    const credentials = judgeCredentials(binding.spec, snapshot.credentials);
    return idle(
      unmet(
        "Ready",
        "RoleNotFound",
        `AgentRole "${roleRef.name}" is not in force in namespace "${binding.metadata.namespace}"`,
      ),
      credentials,
    );
  }
  const record = toRecord(snapshot, role);
  const writes = [...hire(record, snapshot), ...seed(snapshot), ...fund(snapshot, role), ...protect(snapshot)];
  // The account is made by hiring: nothing can be shown before it was read back.
  if (state === undefined) return { writes, conditions: [], status: {}, next: again };
  const { fields, next } = show(snapshot, role, now);
  return { writes, conditions: conditionsOf(snapshot), status: fields, next, rereads: true };
}

function idle(...conditions: readonly Mark[]): Plan<AgentBinding> {
  return { writes: [], conditions, status: {}, next: settled };
}

function bandOf(binding: Stored<AgentBinding>, role: Stored<AgentRole>): Band {
  const earned = autonomyEarned(role.spec).band;
  return binding.spec.autonomyBand === undefined ? earned : tighterBand(earned, toBand(binding.spec.autonomyBand));
}

function toRecord({ binding, tenant }: Snapshot, role: Stored<AgentRole>): BindingRecord {
  const { spec, metadata } = binding;
  return {
    uid: metadata.uid,
    tenant,
    namespace: metadata.namespace!,
    name: metadata.name,
    roleUid: role.metadata.uid,
    roleName: spec.roleRef.name,
    subject: { kind: spec.subject.kind, name: spec.subject.name },
    ...(spec.team === undefined ? {} : { team: spec.team }),
    spec: spec as unknown as JsonObject,
    effective: { state: spec.state ?? "Active", autonomyBand: bandOf(binding, role) },
    timeZone: spec.timeZone ?? "UTC",
    credentials: (spec.credentials ?? []).map(({ server, secretRef, revocation }) => ({
      server,
      secretName: secretRef.name,
      key: secretRef.key,
      ...(revocation === undefined ? {} : { revocation: revocation as unknown as JsonObject }),
    })),
  };
}

function hire(record: BindingRecord, { state, tenant }: Snapshot): readonly Write[] {
  if (state !== undefined && sameRecord(record, state)) return [];
  return [
    { kind: "ledger", effect: "ensureTenant", args: { tenant, namespace: record.namespace }, once: `tenant/${tenant}` },
    { kind: "ledger", effect: "hire", args: record },
  ];
}

function sameRecord(wanted: BindingRecord, have: BindingRecord): boolean {
  return (
    (Object.keys(wanted) as (keyof BindingRecord)[]).every(
      (field) =>
        isDeepStrictEqual(wanted[field], have[field]) ||
        canonicalJson(wanted[field] ?? null) === canonicalJson(have[field] ?? null),
    ) && wanted.team === have.team
  );
}

function seed({ binding, seeds }: Snapshot): readonly Write[] {
  if (seeds === undefined || seeds.length === 0) return [];
  return [
    {
      kind: "ledger",
      effect: "seed",
      args: { uid: binding.metadata.uid, documents: seeds },
      once: `seed/${binding.metadata.uid}`,
    },
  ];
}

function fund({ binding, tenant }: Snapshot, role: Stored<AgentRole>): readonly Write[] {
  const { spec, metadata } = binding;
  const { limits } = tighterLimits(spec.budget, role.spec.budget?.perBinding);
  // By role and subject, never by UID: deleting the binding and creating it again buys nothing.
  const key = `binding/${spec.roleRef.name}/${spec.subject.kind}/${spec.subject.name}`;
  const once = `binding-budget/${metadata.uid}`;
  if (limits.length === 0) return [{ kind: "ledger", effect: "dropBudget", args: { tenant, key }, once }];
  return [
    {
      kind: "ledger",
      effect: "putBudget",
      once,
      args: {
        key,
        tenant,
        label: `binding ${metadata.name}`,
        timeZone: spec.timeZone ?? "UTC",
        limits,
        select: { kind: "binding", bindingUid: metadata.uid },
      },
    },
  ];
}

/** Our finalizer on what we use, and off what the binding no longer names. */
function protect({ binding, credentials, ownSecrets, spentSecrets }: Snapshot): readonly Write[] {
  const namespace = binding.metadata.namespace!;
  const write = (kind: "protect" | "unprotect", name: string): Write => ({
    kind,
    ref: kinds.Secret,
    namespace,
    name,
    finalizer: protectionFinalizer,
  });
  const wanted = new Set(
    credentials.filter((fact) => consents(binding.spec, fact)).map((fact) => fact.credential.secretRef.name),
  );
  const bare = credentials.filter((fact) => !(fact.secret?.metadata.finalizers ?? []).includes(protectionFinalizer));
  const named = new Set(credentials.map((fact) => fact.credential.secretRef.name));
  return [
    ...[...new Set(bare.map((fact) => fact.credential.secretRef.name))]
      .filter((name) => wanted.has(name))
      .map((name) => write("protect", name)),
    ...ownSecrets.filter((name) => !named.has(name)).map((name) => write("unprotect", name)),
    // Whoever deletes a Secret expects it to go; only a token that has to be revoked with it keeps it.
    ...spentSecrets.map((name) => write("unprotect", name)),
  ];
}

function conditionsOf(snapshot: Snapshot): readonly Mark[] {
  const { binding, state } = snapshot;
  return [
    met("Ready", "Ready", "hired"),
    judgeCredentials(binding.spec, snapshot.credentials),
    judgeFunds(snapshot),
    provisioned(binding),
    met("WithinSafety", "WithinSafety", "no stopping rule acts"),
    state?.stoppedBy === undefined
      ? unmet("Stopped", "NotStopped", "no AgentStop covers the agent")
      : met("Stopped", "Stopped", `AgentStop "${state.stoppedBy}" covers the agent`),
  ];
}

function judgeFunds({ headroom }: Snapshot): Mark {
  if (headroom === undefined)
    return unmet("Funded", "Unfunded", "no budget covers the agent, so every model call is refused");
  if (headroom.remaining <= 0n) return unmet("Funded", "Unfunded", `nothing is left of ${headroom.level}`);
  return met("Funded", "Funded", "every level has something left");
}

function provisioned(binding: Stored<AgentBinding>): Mark {
  if (binding.spec.access?.tokenSecretName !== undefined) {
    return unmet(
      "Provisioned",
      "NotYetSupported",
      "access.tokenSecretName: tokens for agents of one's own come in a later version",
    );
  }
  return met("Provisioned", "Provisioned", "account and memory are there");
}

function show(snapshot: Snapshot, role: Stored<AgentRole>, now: Instant) {
  const { binding, state, summary } = snapshot;
  const limits = tighterLimits(binding.spec.budget, role.spec.budget?.perBinding);
  const spent = formatUsd(summary?.spentToday ?? 0n);
  const { status } = binding;
  const changed = status?.observedGeneration !== binding.metadata.generation;
  const paced = paceSums({
    of: binding,
    shown: { runs: status?.summary?.runs, today: status?.summary?.today, last: status?.summary?.last },
    fresh: {
      runs: String(summary?.runs ?? 0),
      today: limits.spec.day === undefined ? spent : `${spent} of ${limits.spec.day}`,
      last: lastOf(snapshot),
    },
    asOf: status?.asOf,
    now,
    changed,
  });
  const { asOf, ...sums } = paced.fields;
  const fields = {
    accountID: state!.accountId,
    roleRevision: role.status!.revision!,
    effective: effectiveOf(snapshot, role, limits),
    summary: sums,
    asOf,
  };
  return { fields, next: paced.next };
}

function lastOf({ summary }: Snapshot): string {
  const last = summary?.last;
  if (last === undefined) return "none";
  return last.reason === last.phase || last.reason === "" ? last.phase : `${last.phase}: ${last.reason}`;
}

function effectiveOf(
  { binding, state }: Snapshot,
  role: Stored<AgentRole>,
  limits: ReturnType<typeof tighterLimits>,
): NonNullable<AgentBindingStatus["effective"]> {
  const band = bandOf(binding, role);
  const because: string[] = [];
  if (state?.stoppedBy !== undefined) because.push(`AgentStop "${state.stoppedBy}"`);
  if (binding.spec.autonomyBand !== undefined && band !== binding.spec.autonomyBand)
    because.push(`the role's band is ${band}`);
  if (limits.cut.length > 0) because.push(`the role's limit is ${limits.cut.join(", ")}`);
  return {
    state: state?.stoppedBy !== undefined ? "Stopped" : (binding.spec.state ?? "Active"),
    autonomyBand: band,
    ...(limits.limits.length === 0 ? {} : { budget: limits.spec }),
    ...(because.length === 0 ? {} : { because: because.join("; ") }),
  };
}
