import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { AgentRoleSpec } from "../../../api/generated/agent-role.ts";
import { kinds } from "../../../api/kinds.ts";
import type { Resource } from "../../../api/resource.ts";
import type { Claim } from "../../../api/wire.ts";
import { startApiServer } from "../../../apiserver/server.ts";
import type { LocalServer } from "../../../gateway/ports.ts";
import { type Gateway, startGateway } from "../../../gateway/start.ts";
import type { KubeClient } from "../../../kube/client.ts";
import { connect } from "../../../kube/connect.ts";
import type { BindingRecord, Fence, Ledger, RoleRecord, RunRecord, TierRecord } from "../../../ledger/ledger.ts";
import { openLedger } from "../../../ledger/open.ts";
import { systemClock } from "../../../lib/clock.ts";
import { newId, newToken } from "../../../lib/ids.ts";
import { digest, type JsonObject } from "../../../lib/json.ts";
import { silentLog } from "../../../lib/log.ts";
import type { Micros } from "../../../lib/money.ts";
import type { RequestLine } from "../../../rehearsal/record.ts";
import { startRehearsal } from "../../../rehearsal/server.ts";
import { freshDatabase } from "../../ledger/kit.ts";
import { type NotesServer, startNotes } from "./notes-server.ts";
import { openWorker } from "./worker.ts";

/** Everything real that a gateway stands between, and the hands to move it. */
export interface World extends AsyncDisposable {
  readonly ledger: Ledger;
  readonly kube: KubeClient;
  readonly gateway: Gateway;
  readonly notes: NotesServer;
  readonly fence: Fence;
  readonly tenant: string;
  readonly workerToken: string;
  readonly operatorToken: string;
  readonly anaToken: string;
  readonly adminToken: string;
  readonly modelUrl: string;
  /** What the provider saw. */
  readonly asked: RequestLine[];
  putRole(spec: Partial<AgentRoleSpec>): Promise<RoleRecord>;
  putTier(tier: Partial<TierRecord> & { readonly name: string }): Promise<void>;
  putServer(name: string, spec: JsonObject): Promise<string>;
  /** Hires `subject`, with a Secret for the notes server unless told otherwise. */
  hire(subject: string, more?: Partial<BindingRecord>): Promise<BindingRecord>;
  putSecret(
    name: string,
    secret: { readonly token: string; readonly origins: string; readonly subject?: string; readonly type?: string },
  ): Promise<void>;
  limit(binding: BindingRecord, amount: Micros): Promise<void>;
  admit(binding: BindingRecord, task?: JsonObject): Promise<RunRecord>;
  /** Cancels what earlier tests let go of: it went back to the queue and would be claimed first. */
  clear(): Promise<void>;
  /** Claims what is in the queue. */
  reclaim(): Promise<Claimed>;
  /** Admits a run and claims it through the gateway. */
  claim(binding: BindingRecord, task?: JsonObject): Promise<Claimed>;
}

/** A run that a test owns; disposing closes its claim stream. */
export interface Claimed extends Disposable {
  readonly claim: Claim;
  /** The next event of the stream that is not a keepalive. */
  next(): Promise<{ readonly type: string; readonly reason?: string; readonly message?: string } | undefined>;
}

export const notesTools = [
  { name: "read", effect: "Read" },
  {
    name: "write",
    effect: "Write",
    idempotency: { type: "Key", argument: "idempotency_key", retentionSeconds: 86_400 },
  },
  { name: "send", effect: "Destructive" },
  { name: "huge", effect: "Read" },
  { name: "hang", effect: "Destructive" },
] as const;

const anaKey = "ana-notes-token-CANARY-0a1b";
const bobKey = "bob-notes-token-CANARY-2c3d";

export interface WorldOptions {
  /** Scenes of the rehearsal. */
  readonly script?: string;
  readonly localServers?: Readonly<Record<string, LocalServer>>;
  readonly allowPrivateNetworks?: boolean;
  readonly databaseUrl?: string;
  readonly runLeaseMs?: number;
  readonly authorityLeaseMs?: number;
  readonly drainMs?: number;
}

const plainScript = `scenes:
- { name: hello, when: { user: ".*" }, replies: [{ text: "Hello from the rehearsal." }] }
`;

/** Opens a world: embedded Kubernetes API, real Postgres, rehearsal, notes server, gateway; one role, tier and tool server. */
export async function openWorld(options: WorldOptions = {}): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const folder = mkdtempSync(path.join(tmpdir(), "gateway-"));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const io = { log: silentLog, clock: systemClock };
  const adminToken = newToken("adm_").token;
  const anaToken = newToken("ana_").token;
  const api = stack.use(
    await startApiServer({
      ...io,
      dataDir: path.join(folder, "api"),
      port: 0,
      users: [
        { name: "admin", groups: ["system:masters"], token: adminToken },
        { name: "ana@acme.example", groups: [], token: anaToken },
      ],
    }),
  );
  const kube = stack.use(
    await connect({ server: api.url, caPem: api.caPem, token: adminToken }, { ...io, userAgent: "gateway-test" }),
  );
  const namespace = await kube.create<Resource>(kinds.Namespace, {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: "acme" },
  });
  const tenant = namespace.metadata.uid;
  const keyFile = path.join(folder, "master.key");
  const ledger = stack.use(
    await openLedger({ ...io, url: options.databaseUrl ?? (await freshDatabase()), writer: "test", keyFile }),
  );
  const notes = stack.use(await startNotes({ [anaKey]: "ana@acme.example", [bobKey]: "bob@acme.example" }));
  const asked: RequestLine[] = [];
  writeFileSync(path.join(folder, "rehearsal.yaml"), options.script ?? plainScript);
  const rehearsal = stack.use(
    await startRehearsal({ port: 0, scripts: [path.join(folder, "rehearsal.yaml")], log: (line) => asked.push(line) }),
  );
  const worker = newToken("rsw_");
  const operator = newToken("rso_");
  const gateway = stack.use(
    await startGateway({
      ...io,
      ledger,
      kube,
      port: 0,
      identity: "gateway-test",
      workerTokenHashes: [worker.hash],
      operatorTokenHashes: [operator.hash],
      defaultModel: { baseURL: rehearsal.url },
      localServers: { notes: { kind: "http", url: notes.url }, ...options.localServers },
      allowPrivateNetworks: options.allowPrivateNetworks ?? false,
      // Long, because tests do not beat, and a busy machine is no outage.
      runLeaseMs: options.runLeaseMs ?? 120_000,
      authorityLeaseMs: options.authorityLeaseMs ?? 60_000,
      drainMs: options.drainMs ?? 0,
    }),
  );
  await ledger.catalog.ensureTenant(tenant, "acme");
  const fence = (await ledger.leadership.campaign("controller", "test", 600_000))!;
  const roleUid = newId(1);

  const held = new Set<string>();
  const hands = {
    async putRole(spec: Partial<AgentRoleSpec>) {
      const content = { modelTiers: { draft: "workhorse" }, autonomyBand: "Moderate", ...earned, ...spec };
      const role: RoleRecord = {
        uid: roleUid,
        tenant,
        namespace: "acme",
        name: "assistant",
        revision: digest(content),
        content: content as unknown as JsonObject,
        compiled: true,
        sourceMap: { send: "roles/assistant/role.yaml:12" },
      };
      await ledger.catalog.putRole(fence, role);
      return role;
    },
    putTier: (tier: Partial<TierRecord> & { readonly name: string }) =>
      ledger.catalog.putTier(fence, { ...plainTier, uid: `tier-${tier.name}`, ...tier }),
    async putServer(name: string, spec: JsonObject) {
      const uid = `server-${name}`;
      await ledger.catalog.putToolServer(fence, { uid, tenant, namespace: "acme", name, spec, ready: true });
      return uid;
    },
    async putSecret(name: string, secret: Parameters<World["putSecret"]>[1]) {
      const object = {
        apiVersion: "v1",
        kind: "Secret",
        type: secret.type ?? "roster.dev/credential",
        metadata: {
          name,
          namespace: "acme",
          annotations: {
            "roster.dev/allowed-origins": secret.origins,
            ...(secret.subject === undefined ? {} : { "roster.dev/subject": secret.subject }),
          },
        },
        data: { token: Buffer.from(secret.token).toString("base64") },
      };
      if (await kube.find(kinds.Secret, name, "acme")) await kube.delete(kinds.Secret, name, "acme");
      await kube.create<Resource>(kinds.Secret, object);
    },
    async hire(subject: string, more: Partial<BindingRecord> = {}) {
      const short = subject.split("@")[0]!;
      const secret = `${short}-notes`;
      await hands.putSecret(secret, { token: short === "ana" ? anaKey : bobKey, origins: "local:notes", subject });
      const binding: BindingRecord = {
        uid: newId(Date.now()),
        tenant,
        namespace: "acme",
        name: `assistant-${short}`,
        roleUid,
        roleName: "assistant",
        subject: { kind: "User", name: subject },
        spec: { roleRef: { name: "assistant" }, subject: { kind: "User", name: subject } },
        effective: { state: "Active", autonomyBand: "Moderate" },
        timeZone: "Europe/Lisbon",
        credentials: [{ server: "notes", secretName: secret, key: "token" }],
        ...more,
      };
      await ledger.bindings.hire(fence, binding);
      await hands.limit(binding, 1_000_000n);
      return binding;
    },
    limit: async (binding: BindingRecord, amount: Micros) => {
      await ledger.money.putBudget(fence, {
        key: `binding/assistant/User/${binding.subject.name}`,
        tenant,
        label: `binding ${binding.name}`,
        timeZone: "Europe/Lisbon",
        limits: [{ window: "Day", amount }],
        select: { kind: "binding", bindingUid: binding.uid },
      });
    },
    async clear() {
      const left = await ledger.runs.list({ tenant, phases: ["Queued", "Running", "Waiting"], limit: 1_000 });
      for (const { id } of left) if (!held.has(id)) await ledger.runs.cancel(id, "test");
    },
    async admit(binding: BindingRecord, task: JsonObject = {}) {
      const admission = await ledger.runs.admit(fence, {
        tenant,
        bindingUid: binding.uid,
        key: `request:${newId(Date.now())}`,
        origin: { type: "Person" },
        requestedBy: binding.subject.name,
        task,
      });
      if (admission.outcome === "refused") throw new Error(`refused: ${admission.run.reason} ${admission.run.message}`);
      return admission.run;
    },
    async claim(binding: BindingRecord, task: JsonObject = {}) {
      await hands.clear();
      await hands.admit(binding, task);
      return await hands.reclaim();
    },
    async reclaim() {
      const stream = await openWorker(gateway.url, worker.token);
      const claimed = await stream.claimed();
      held.add(claimed.claim.runId);
      return {
        ...claimed,
        [Symbol.dispose]() {
          held.delete(claimed.claim.runId);
          claimed[Symbol.dispose]();
        },
      };
    },
  };
  await hands.putTier({ name: "workhorse" });
  await hands.putServer("notes", {
    type: "Local",
    local: { name: "notes" },
    credential: { header: "Authorization", prefix: "Bearer " },
    tools: notesTools as unknown as JsonObject[],
  });
  await hands.putRole({});
  const owner = stack.move();
  return {
    ...hands,
    ledger,
    kube,
    gateway,
    notes,
    fence,
    tenant,
    asked,
    modelUrl: rehearsal.url,
    workerToken: worker.token,
    operatorToken: operator.token,
    anaToken,
    adminToken,
    [Symbol.asyncDispose]: () => owner.disposeAsync(),
  };
}

// Without these a role is capped at band Observe.
const earned: Partial<AgentRoleSpec> = {
  owner: { group: "operations" },
  outcome: { statement: "Notes are kept", kpis: [{ name: "notes" }] },
  limits: { maxSteps: 20, maxActiveSeconds: 600, maxAgeSeconds: 3_600 },
  budget: { perBinding: { day: "1.00", run: "0.50" } },
  permissions: {
    writeAutonomous: [{ name: "write", action: "notes.write" }],
    writeRequiresApproval: [{ name: "send", action: "notes.send" }],
  },
};

const plainTier: Omit<TierRecord, "name" | "uid"> = {
  model: "rehearsal/workhorse",
  prices: { input: 1_000_000n, output: 2_000_000n },
  maxOutputTokens: 1_000,
  minOutputTokens: 16,
  tokensPerKilobyte: 1_000,
  timeoutSeconds: 30,
  concurrency: 8,
  allowedFields: [],
  fallbacks: [],
  ready: true,
};
