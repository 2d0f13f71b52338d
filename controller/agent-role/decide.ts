import type { AgentRole, AgentRoleSpec } from "../../api/generated/agent-role.ts";
import type { Stored } from "../../api/resource.ts";
import type { BudgetState, RoleRecord } from "../../ledger/ledger.ts";
import type { Instant } from "../../lib/clock.ts";
import { canonicalJson } from "../../lib/json.ts";
import { formatUsd, type Micros } from "../../lib/money.ts";
import { messageOf, Problem } from "../../lib/problem.ts";
import type { Autonomy } from "../../policy/autonomy.ts";
import { toLimits } from "../../policy/budgets.ts";
import { compileContract } from "../../policy/contract.ts";
import { compilePolicy } from "../../policy/permissions.ts";
import { compileRouter } from "../../policy/router.ts";
import { type Mark, met, type Plan, settled, unmet, type Write } from "../kit/reconciler.ts";
import { paceSums } from "../kit/sums.ts";
import { type Content, readSourceMap, resolveContent, toContent } from "./content.ts";

export interface TierFact {
  readonly name: string;
  readonly state: "ready" | "missing" | "notReady" | "notForNamespace";
}

export interface Snapshot {
  readonly role: Stored<AgentRole>;
  readonly tenant: string;
  readonly contents: readonly Content[];
  readonly missingContents: readonly string[];
  readonly tiers: readonly TierFact[];
  /** ToolServers of the namespace. */
  readonly servers: readonly string[];
  readonly bindings: { readonly total: number; readonly ready: number };
  /** What the ledger has in force for the role's name. */
  readonly inForce: Pick<RoleRecord, "uid" | "revision" | "compiled" | "sourceMap"> | undefined;
  /** The role's own account; empty where it has no total. */
  readonly total: readonly BudgetState[];
  /** Spent today by its bindings. */
  readonly spentToday: Micros;
  /** What issuers were not told yet of its fired agents. */
  readonly offboarding: string | undefined;
}

interface Compiled {
  readonly mark: Mark;
  readonly ok: boolean;
  readonly rules: string;
  readonly autonomy: Autonomy | undefined;
}

// Served by the gateway itself, so there is no ToolServer to find.
const builtins = ["memory", "artifact", "skill"];

/** Pins the role's content to a revision and puts it in force; a policy that does not compile admits no new run. */
export function decide(snapshot: Snapshot, now: Instant): Plan<AgentRole> {
  const { role, tenant, missingContents } = snapshot;
  if (missingContents.length > 0) {
    const message = `ConfigMap "${missingContents.join('", "')}" not found in namespace "${role.metadata.namespace}"`;
    return { writes: [], conditions: [unmet("Ready", "ContentNotFound", message)], status: {}, next: settled };
  }
  const { spec, revision } = resolveContent(role.spec, snapshot.contents);
  const sourceMap = readSourceMap(role.metadata.annotations);
  const compiled = compile(spec, sourceMap);
  const record: RoleRecord = {
    uid: role.metadata.uid,
    tenant,
    namespace: role.metadata.namespace!,
    name: role.metadata.name,
    revision,
    content: toContent(spec),
    compiled: compiled.ok,
    sourceMap,
  };
  const tiers = judgeTiers(snapshot.tiers);
  const paced = paceSums({
    of: role,
    shown: shownSums(role),
    fresh: { bindings: `${snapshot.bindings.ready}/${snapshot.bindings.total}`, today: today(snapshot) },
    asOf: role.status?.asOf,
    now,
    changed: role.status?.observedGeneration !== role.metadata.generation,
  });
  const { asOf, ...sums } = paced.fields;
  const { offboarding: _, ...shown } = role.status?.summary ?? {};
  const open = snapshot.offboarding === undefined ? {} : { offboarding: snapshot.offboarding };
  const summary = { ...shown, ...sums, ...open, rules: compiled.rules };
  return {
    writes: [...putRole(record, snapshot), ...putTotal(spec, snapshot)],
    conditions: [
      readyOf(compiled, tiers),
      compiled.mark,
      tiers,
      judgeTools(spec, snapshot.servers),
      judgeAutonomy(compiled),
      met("WithinSafety", "WithinSafety", "no stopping rule has tripped"),
    ],
    status: { revision, summary, asOf },
    next: paced.next,
  };
}

/** The role is gone: its bindings make no new call. Nothing else is revoked. */
export function release({ role, tenant }: Snapshot): Plan<AgentRole> {
  return {
    writes: [
      { kind: "ledger", effect: "dropRole", args: { uid: role.metadata.uid } },
      { kind: "ledger", effect: "dropBudget", args: { tenant, key: budgetKey(role) } },
    ],
    conditions: [unmet("Ready", "Settled", "the role is withdrawn; its agents make no new call")],
    status: {},
    next: settled,
  };
}

/** The ledger's key of a role's total. */
export function budgetKey(role: Stored<AgentRole>): string {
  return `role/${role.metadata.name}`;
}

function compile(spec: AgentRoleSpec, sourceMap: Readonly<Record<string, string>>): Compiled {
  try {
    const policy = compilePolicy(spec, sourceMap);
    compileRouter(spec, sourceMap);
    compileContract(spec.contract);
    const { allow, ask, deny } = policy.counts;
    const rules = `${allow} allow ${ask} ask ${deny} deny`;
    return { ok: true, rules, autonomy: policy.autonomy, mark: met("PolicyCompiled", "Compiled", rules) };
  } catch (thrown) {
    if (!(thrown instanceof Problem)) throw thrown;
    return {
      ok: false,
      rules: "none: does not compile",
      autonomy: undefined,
      mark: unmet("PolicyCompiled", "PolicyInvalid", messageOf(thrown)),
    };
  }
}

function readyOf(compiled: Compiled, tiers: Mark): Mark {
  if (!compiled.ok) return { ...compiled.mark, type: "Ready" };
  if (tiers.status !== "True") return { ...tiers, type: "Ready" };
  return met("Ready", "Ready", "in force");
}

function putRole(record: RoleRecord, { inForce, tenant }: Snapshot): readonly Write[] {
  const same =
    inForce !== undefined &&
    inForce.uid === record.uid &&
    inForce.revision === record.revision &&
    inForce.compiled === record.compiled &&
    canonicalJson(inForce.sourceMap) === canonicalJson(record.sourceMap);
  if (same) return [];
  return [
    { kind: "ledger", effect: "ensureTenant", args: { tenant, namespace: record.namespace }, once: `tenant/${tenant}` },
    { kind: "ledger", effect: "putRole", args: record },
  ];
}

function putTotal(spec: AgentRoleSpec, { role, tenant, total }: Snapshot): readonly Write[] {
  const limits = toLimits(spec.budget?.total);
  const key = budgetKey(role);
  if (limits.length === 0)
    return total.length === 0 ? [] : [{ kind: "ledger", effect: "dropBudget", args: { tenant, key } }];
  return [
    {
      kind: "ledger",
      effect: "putBudget",
      once: `role-budget/${role.metadata.uid}`,
      args: {
        key,
        tenant,
        label: `role ${role.metadata.name}`,
        timeZone: spec.budget?.timeZone ?? "UTC",
        limits,
        select: { kind: "role", roleName: role.metadata.name },
      },
    },
  ];
}

function judgeTiers(tiers: readonly TierFact[]): Mark {
  const names = (state: TierFact["state"]) =>
    tiers.filter((tier) => tier.state === state).map((tier) => `"${tier.name}"`);
  const missing = names("missing");
  if (missing.length > 0) return unmet("TiersResolved", "TierNotFound", `ModelTier ${missing.join(", ")} not found`);
  const closed = names("notForNamespace");
  if (closed.length > 0)
    return unmet("TiersResolved", "TierNotFound", `ModelTier ${closed.join(", ")} is not offered to this namespace`);
  const notReady = names("notReady");
  if (notReady.length > 0)
    return unmet("TiersResolved", "TierNotReady", `ModelTier ${notReady.join(", ")} is not Ready`);
  return met("TiersResolved", "Resolved", `${tiers.length} tiers`);
}

function judgeTools(spec: AgentRoleSpec, servers: readonly string[]): Mark {
  const missing = serversOf(spec).filter((server) => !servers.includes(server));
  if (missing.length === 0) return met("ToolsResolved", "Resolved", `${serversOf(spec).length} servers`);
  return unmet(
    "ToolsResolved",
    "ToolServerNotFound",
    `ToolServer "${missing.join('", "')}" not found; calls to it are refused`,
  );
}

/** Servers that the role's actions, rules and rungs name. */
export function serversOf(spec: AgentRoleSpec): readonly string[] {
  const { writeAutonomous = [], writeRequiresApproval = [], deny = [] } = spec.permissions ?? {};
  const actions = [
    ...(spec.actions ?? []).flatMap((action) => action.tools),
    ...[...writeAutonomous, ...writeRequiresApproval, ...deny].map((rule) => rule.action),
    ...(spec.router?.rungs ?? []).flatMap((rung) => rung.rule?.call?.action ?? []),
  ];
  const servers = actions
    .filter((action) => action.includes("."))
    .map((action) => action.slice(0, action.indexOf(".")));
  return [...new Set(servers)].filter((server) => !builtins.includes(server)).sort();
}

function judgeAutonomy({ autonomy }: Compiled): Mark {
  if (autonomy === undefined) return unmet("AutonomyEarned", "NotEarned", "the policy does not compile");
  if (autonomy.earned) return met("AutonomyEarned", "Earned", `band ${autonomy.band}`);
  return unmet(
    "AutonomyEarned",
    "NotEarned",
    `${autonomy.missing.join(", ")} missing; the band in force is ${autonomy.band}`,
  );
}

function today({ total, spentToday }: Snapshot): string {
  const day = total.find((state) => state.window === "Day");
  return day === undefined ? formatUsd(spentToday) : `${formatUsd(day.spent)} of ${formatUsd(day.limit)}`;
}

function shownSums(role: Stored<AgentRole>): { bindings: string | undefined; today: string | undefined } {
  return { bindings: role.status?.summary?.bindings, today: role.status?.summary?.today };
}
