import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import type {
  AdmitRequest,
  BindingRecord,
  BudgetDefinition,
  Fence,
  GuardAnswer,
  GuardRequest,
  Ledger,
  RoleRecord,
} from "../../ledger/ledger.ts";
import { type LedgerOptions, openLedger } from "../../ledger/open.ts";
import { newId, sha256 } from "../../lib/ids.ts";
import { digest, type Json, type JsonObject } from "../../lib/json.ts";
import { silentLog } from "../../lib/log.ts";
import { parseUsd } from "../../lib/money.ts";
import { freshDatabase, movableClock } from "./kit.ts";

export interface TestLedger {
  readonly ledger: Ledger;
  readonly url: string;
  readonly clock: ReturnType<typeof movableClock>;
  readonly options: LedgerOptions;
  /** Another process on the same database, as far as the ledger can tell. */
  another(writer?: string): Promise<Ledger>;
}

/** A ledger on a database of its own with a clock that the test moves. Closed and dropped after the test file. */
export async function withLedger(): Promise<TestLedger> {
  const url = await freshDatabase();
  const folder = mkdtempSync(join(tmpdir(), "roster-ledger-"));
  const clock = movableClock();
  const options = { url, clock, log: silentLog, writer: "test", keyFile: join(folder, "ledger.key") };
  const opened: Ledger[] = [];
  const open = async (writer: string) => {
    const ledger = await openLedger({ ...options, writer });
    opened.push(ledger);
    return ledger;
  };
  // Hooks run last first: the ledger closes before its database is dropped.
  afterAll(async () => {
    for (const ledger of opened) await ledger[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });
  return { ledger: await open("test"), url, clock, options, another: (writer = "another") => open(writer) };
}

/** One tenant with one role and as many bindings as a test asks for. */
export interface Fleet {
  readonly tenant: string;
  readonly fence: Fence;
  readonly role: RoleRecord;
  hire(name: string, more?: Partial<BindingRecord>): Promise<BindingRecord>;
  admit(binding: BindingRecord, more?: Partial<AdmitRequest>): ReturnType<Ledger["runs"]["admit"]>;
  budget(key: string, limits: Readonly<Record<string, string>>, more?: Partial<BudgetDefinition>): Promise<void>;
}

/** A binding of that fleet, not hired yet. */
export const bindingOf = ({ tenant, role }: Pick<Fleet, "tenant" | "role">, name: string): BindingRecord => ({
  uid: newId(Date.now()),
  tenant,
  namespace: "acme",
  name,
  roleUid: role.uid,
  roleName: role.name,
  subject: { kind: "User", name: `${name}@acme.example` },
  spec: { roleRef: { name: role.name } },
  effective: { state: "Active", autonomyBand: "Moderate" },
  timeZone: "Europe/Lisbon",
  credentials: [],
});

export async function aFleet(ledger: Ledger, content: JsonObject = {}): Promise<Fleet> {
  const tenant = newId(Date.now());
  const fence = (await ledger.leadership.campaign(`controller-${tenant}`, "test", 3_600_000_000))!;
  await ledger.catalog.ensureTenant(tenant, "acme");
  const role: RoleRecord = {
    uid: newId(Date.now()),
    tenant,
    namespace: "acme",
    name: "assistant",
    revision: digest(content),
    content,
    compiled: true,
    sourceMap: { send: "role.yaml:7" },
  };
  await ledger.catalog.putRole(fence, role);
  return {
    tenant,
    fence,
    role,
    async hire(name, more = {}) {
      const binding = { ...bindingOf({ tenant, role }, name), ...more };
      await ledger.bindings.hire(fence, binding);
      return binding;
    },
    admit: (binding, more = {}) =>
      ledger.runs.admit(fence, {
        tenant,
        bindingUid: binding.uid,
        key: `request:${newId(Date.now())}`,
        origin: { type: "Person" },
        requestedBy: binding.subject.name,
        task: { text: "prepare the snapshot" },
        ...more,
      }),
    budget: async (key, limits, more = {}) => {
      await ledger.money.putBudget(fence, {
        key,
        tenant,
        label: `budget ${key}`,
        timeZone: "Europe/Lisbon",
        limits: Object.entries(limits).map(([window, amount]) => ({
          window: window as "Day",
          amount: parseUsd(amount),
        })),
        select: { kind: "all" },
        ...more,
      });
    },
  };
}

export type Claimed = NonNullable<Awaited<ReturnType<Ledger["runs"]["claim"]>>>;

export async function claimed(ledger: Ledger, leaseMs = 30_000): Promise<Claimed> {
  const claim = await ledger.runs.claim({ id: "worker", gateway: "gateway", leaseMs });
  if (!claim) throw new Error("nothing to claim");
  return claim;
}

/** A model call of a claimed run, one dollar at most unless told otherwise: 1 micro-USD a token. */
export function modelCall(claim: Claimed, step: number, more: Partial<GuardRequest> = {}): GuardRequest {
  const request: Json = { model: "workhorse", messages: [{ role: "user", content: `step ${step}` }] };
  return {
    tokenHash: sha256(claim.token),
    id: { runId: claim.run.id, step, action: -1 },
    kind: "model",
    name: "workhorse",
    digest: digest(request),
    request,
    verdict: { decision: "allow", rule: "tier", reason: "" },
    repeat: "spend",
    money: {
      fixed: 0n,
      outputMicrosPerMillion: 1_000_000n,
      maxOutputTokens: 1_000_000,
      minOutputTokens: 100,
      priceVersion: "p1",
    },
    ...more,
  };
}

export function toolCall(claim: Claimed, step: number, action: number, more: Partial<GuardRequest> = {}): GuardRequest {
  const request: Json = { thread: "t1" };
  return {
    tokenHash: sha256(claim.token),
    id: { runId: claim.run.id, step, action },
    kind: "tool",
    name: "mail.read",
    digest: digest(request),
    request,
    verdict: { decision: "allow", rule: "reads", reason: "" },
    repeat: "safe",
    ...more,
  };
}

export function permitted(answer: GuardAnswer): Extract<GuardAnswer, { outcome: "permitted" }> {
  if (answer.outcome !== "permitted") throw new Error(`not permitted: ${JSON.stringify(answer)}`);
  return answer;
}
