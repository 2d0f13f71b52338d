import { problem } from "../../api/reasons.ts";
import type {
  AdmitRequest,
  BindingRecord,
  BudgetDefinition,
  Fence,
  Ledger,
  RoleRecord,
  TierRecord,
  ToolServerRecord,
} from "../../ledger/ledger.ts";

type Stop = Parameters<Ledger["catalog"]["putStop"]>[0];
type Firing = { readonly uid: string } & Parameters<Ledger["bindings"]["fire"]>[1];
type Seed = { readonly uid: string; readonly documents: Parameters<Ledger["bindings"]["seed"]>[1] };

type GoneObject = { readonly tenant: string; readonly name: string; readonly uid: string; readonly runId?: string };

/**
 * Every ledger effect that a plan may name. Each is idempotent; those that widen carry the leader's fence, which the
 * ledger checks in the same statement. Those that only take away (`fire`, `putStop`, `cancel`) need no leadership.
 */
const effects = {
  ensureTenant: (ledger: Ledger, _: Fence | undefined, a: { readonly tenant: string; readonly namespace: string }) =>
    ledger.catalog.ensureTenant(a.tenant, a.namespace),
  putRole: (ledger: Ledger, fence: Fence | undefined, role: RoleRecord) => ledger.catalog.putRole(need(fence), role),
  dropRole: (ledger: Ledger, fence: Fence | undefined, a: { readonly uid: string }) =>
    ledger.catalog.dropRole(need(fence), a.uid),
  putTier: (ledger: Ledger, fence: Fence | undefined, tier: TierRecord) => ledger.catalog.putTier(need(fence), tier),
  dropTier: (ledger: Ledger, fence: Fence | undefined, a: { readonly name: string }) =>
    ledger.catalog.dropTier(need(fence), a.name),
  putToolServer: (ledger: Ledger, fence: Fence | undefined, server: ToolServerRecord) =>
    ledger.catalog.putToolServer(need(fence), server),
  dropToolServer: (ledger: Ledger, fence: Fence | undefined, a: { readonly uid: string }) =>
    ledger.catalog.dropToolServer(need(fence), a.uid),
  putStop: (ledger: Ledger, _: Fence | undefined, stop: Stop) => ledger.catalog.putStop(stop),
  dropStop: (ledger: Ledger, fence: Fence | undefined, a: { readonly uid: string }) =>
    ledger.catalog.dropStop(need(fence), a.uid),
  hire: (ledger: Ledger, fence: Fence | undefined, binding: BindingRecord) =>
    ledger.bindings.hire(need(fence), binding),
  seed: (ledger: Ledger, _: Fence | undefined, a: Seed) => ledger.bindings.seed(a.uid, a.documents),
  fire: (ledger: Ledger, _: Fence | undefined, { uid, ...context }: Firing) => ledger.bindings.fire(uid, context),
  putBudget: (ledger: Ledger, fence: Fence | undefined, budget: BudgetDefinition) =>
    ledger.money.putBudget(need(fence), budget),
  dropBudget: (ledger: Ledger, fence: Fence | undefined, a: { readonly tenant: string; readonly key: string }) =>
    ledger.money.dropBudget(need(fence), a.tenant, a.key),
  admit: (ledger: Ledger, fence: Fence | undefined, request: AdmitRequest) => ledger.runs.admit(need(fence), request),
  cancel: (
    ledger: Ledger,
    _: Fence | undefined,
    a: { readonly runId: string; readonly by: string; readonly why?: string },
  ) => ledger.runs.cancel(a.runId, a.by, a.why),
  /** An AgentRun object went: its run is cancelled, and a window is not shown again. Copies of either change nothing. */
  objectGone: async (ledger: Ledger, _: Fence | undefined, a: GoneObject) => {
    const run =
      a.runId === undefined ? await ledger.runs.findByObject(a.tenant, a.name) : await ledger.runs.find(a.runId);
    if (run?.tenant !== a.tenant || run.objectName !== a.name || run.windowState === "gone") return;
    if (run.objectUid !== (a.runId === undefined ? a.uid : undefined)) return;
    await ledger.runs.cancel(run.id, "kubernetes-api", "the AgentRun was deleted");
    if (a.runId !== undefined) await ledger.runs.markWindow(run.id, "gone");
  },
  recordRefusal: (ledger: Ledger, _: Fence | undefined, row: Parameters<Ledger["audit"]["record"]>[0]) =>
    ledger.audit.record(row),
  disarm: (ledger: Ledger, _: Fence | undefined, a: { readonly triggerUid: string }) =>
    ledger.schedules.disarm(a.triggerUid),
} as const;

type Effects = typeof effects;
export type EffectName = keyof Effects;

/** A ledger effect by name with its arguments: data, so that plans can be compared and printed. */
export type LedgerWrite = {
  readonly [E in EffectName]: {
    readonly kind: "ledger";
    readonly effect: E;
    readonly args: Parameters<Effects[E]>[2];
    /**
     * Gather cannot see whether it is in force already: performed once per leadership and content under this key, which
     * makes the plan that repeats it cost nothing.
     */
    readonly once?: string;
  };
}[EffectName];

/**
 * Performs one effect; false where the ledger says that it was in force already. Throws what the ledger throws;
 * LeadershipLost where a fence is needed and there is none.
 */
export async function perform(ledger: Ledger, fence: Fence | undefined, write: LedgerWrite): Promise<boolean> {
  // One table, one lookup: TypeScript cannot pair the name with its own argument type across the union.
  const effect = effects[write.effect] as (ledger: Ledger, fence: Fence | undefined, args: unknown) => Promise<unknown>;
  return (await effect(ledger, fence, write.args)) !== false;
}

function need(fence: Fence | undefined): Fence {
  if (fence === undefined) throw problem("LeadershipLost", "leadership went away before the effect");
  return fence;
}
