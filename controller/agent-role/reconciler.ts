import type { AgentBinding } from "../../api/generated/agent-binding.ts";
import type { AgentRole } from "../../api/generated/agent-role.ts";
import type { ModelTier } from "../../api/generated/model-tier.ts";
import { kinds } from "../../api/kinds.ts";
import type { Condition, Resource, Stored } from "../../api/resource.ts";
import type { Micros } from "../../lib/money.ts";
import { driven, may, reads } from "../kit/access.ts";
import type { Reader, Reconciler } from "../kit/reconciler.ts";
import { matches } from "../model-tier/reconciler.ts";
import type { Content } from "./content.ts";
import { budgetKey, decide, release, type Snapshot, type TierFact } from "./decide.ts";
import { shownOffboardings } from "./offboardings.ts";

interface ConfigMap extends Resource {
  readonly data?: Readonly<Record<string, string>>;
}

// One statement per this many bindings, so that a role of ten thousand holds no connection for long.
const summaryBatch = 1_000;

async function gather(role: Stored<AgentRole>, view: Reader): Promise<Snapshot> {
  const namespace = role.metadata.namespace!;
  const tenant = view.tenantOf(namespace);
  const names = (role.spec.contentFrom ?? []).map(({ configMapRef }) => configMapRef.name);
  const contents = await Promise.all(names.map((name) => findContent(view, namespace, name)));
  const bindings = view.listBy<AgentBinding>(kinds.AgentBinding, "role", `${namespace}/${role.metadata.name}`);
  const total = await view.ledger.money.budget(tenant, budgetKey(role));
  return {
    role,
    tenant,
    contents: contents.filter((content) => content !== undefined),
    missingContents: names.filter((_, index) => contents[index] === undefined),
    tiers: [...new Set(Object.values(role.spec.modelTiers ?? {}))].sort().map((name) => factOf(view, namespace, name)),
    servers: view
      .listBy(kinds.ToolServer, "namespace", namespace)
      .map((server) => server.metadata.name)
      .sort(),
    bindings: { total: bindings.length, ready: bindings.filter(isReady).length },
    inForce: await view.ledger.catalog.findRole(tenant, role.metadata.name),
    total,
    offboarding: shownOffboardings(await view.ledger.offboardings.counts(), tenant, role.metadata.name),
    spentToday: total.some((state) => state.window === "Day") ? 0n : await spent(view, bindings),
  };
}

async function findContent(view: Reader, namespace: string, name: string): Promise<Content | undefined> {
  // The cache knows that it is there; what it says is not kept in memory.
  if (view.find(kinds.ConfigMap, namespace, name) === undefined) return undefined;
  const found = await view.fetch<ConfigMap>(kinds.ConfigMap, namespace, name);
  return found === undefined ? undefined : { name, data: found.data ?? {} };
}

function factOf(view: Reader, namespace: string, name: string): TierFact {
  const tier = view.find<ModelTier>(kinds.ModelTier, undefined, name);
  if (tier === undefined || tier.metadata.deletionTimestamp !== undefined) return { name, state: "missing" };
  const labels = view.find(kinds.Namespace, undefined, namespace)?.metadata.labels ?? {};
  const selector = tier.spec.namespaces?.selector;
  if (selector !== undefined && !matches(selector, labels)) return { name, state: "notForNamespace" };
  return { name, state: isReady(tier) ? "ready" : "notReady" };
}

async function spent(view: Reader, bindings: readonly Stored<AgentBinding>[]): Promise<Micros> {
  let sum = 0n;
  for (let from = 0; from < bindings.length; from += summaryBatch) {
    const uids = bindings.slice(from, from + summaryBatch).map((binding) => binding.metadata.uid);
    for (const summary of (await view.ledger.bindings.summaries(uids)).values()) sum += summary.spentToday;
  }
  return sum;
}

/** True where the object's Ready condition is True. */
export function isReady(object: Stored): boolean {
  const { status } = object as { status?: { conditions?: readonly Condition[] } };
  return status?.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True") ?? false;
}

const readyFlips = (before: Stored | undefined, after: Stored | undefined) =>
  (before !== undefined && isReady(before)) !== (after !== undefined && isReady(after));

/** Brings roles into force. Sums over bindings come at their turn: the projector wakes the role. */
export const agentRole: Reconciler<AgentRole, Snapshot> = {
  kind: kinds.AgentRole,
  owns: ["PolicyCompiled", "TiersResolved", "ToolsResolved", "AutonomyEarned", "WithinSafety"],
  finalizer: "roster.dev/ledger",
  watches: [
    {
      kind: kinds.ConfigMap,
      keys: ({ metadata }, view) => view.keysBy(kinds.AgentRole, "content", `${metadata.namespace}/${metadata.name}`),
    },
    {
      kind: kinds.ModelTier,
      keys: ({ metadata }, view) => view.keysBy(kinds.AgentRole, "tier", metadata.name),
      relevant: (before, after) =>
        readyFlips(before, after) || before?.metadata.generation !== after?.metadata.generation,
    },
    {
      kind: kinds.ToolServer,
      keys: ({ metadata }, view) => view.keysBy(kinds.AgentRole, "namespace", metadata.namespace!),
      relevant: (before, after) => (before === undefined) !== (after === undefined),
    },
    {
      kind: kinds.Namespace,
      keys: ({ metadata }, view) => view.keysBy(kinds.AgentRole, "namespace", metadata.name),
      relevant: (before, after) => JSON.stringify(before?.metadata.labels) !== JSON.stringify(after?.metadata.labels),
    },
  ],
  access: [
    ...driven(kinds.AgentRole),
    ...[kinds.ConfigMap, kinds.ModelTier, kinds.ToolServer, kinds.Namespace, kinds.AgentBinding].flatMap(reads),
    ...may(kinds.ConfigMap, "get"),
  ],
  gather,
  decide,
  release,
};
