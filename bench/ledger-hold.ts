import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import pg from "pg";
import { startPostgres } from "../ledger/embedded/supervisor.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { openLedger } from "../ledger/open.ts";
import { systemClock } from "../lib/clock.ts";
import { sha256 } from "../lib/ids.ts";
import { silentLog } from "../lib/log.ts";
import { type Benchmark, type Row, timed } from "./kit/sample.ts";

const connections = 10;
const windows = ["Run", "Day", "Month"] as const;

/** Money (goal 13): hold and settle through six accounts, combined, against one transaction each on the same rows. */
export const ledgerHold: Benchmark = {
  name: "ledger-hold",
  about: "hold + settle through six accounts with journal and audit, against naive SQL (goal 13)",
  async run({ quick, progress }) {
    const folder = mkdtempSync(path.join(tmpdir(), "roster-bench-"));
    chmodSync(folder, 0o755);
    const home = path.join(folder, "h");
    const rows: Row[] = [];
    {
      await using server = await startPostgres({ home, log: silentLog, clock: systemClock });
      await using ledger = await openLedger({
        url: server.url,
        clock: systemClock,
        log: silentLog,
        writer: "bench",
        keyFile: path.join(home, "ledger.key"),
        maxConnections: connections,
      });
      const naive = new pg.Pool({ connectionString: server.url, max: connections });
      await naive.query(naiveTables);
      for (const clients of quick ? [1, 16] : [1, 16, 64]) {
        progress(`${clients} clients`);
        const agents = await hireAgents(ledger, clients);
        const each = quick ? 100 : Math.max(20, Math.floor(1_200 / clients));
        const ours: number[] = [];
        const theirs: number[] = [];
        const latencies: number[] = [];
        for (let round = 0; round < (quick ? 1 : 5); round++) {
          const pairs = clients * each;
          ours.push(
            (pairs * 1_000) /
              (await timed(() => Promise.all(agents.map((agent) => spend(ledger, agent, each, latencies))))),
          );
          theirs.push((pairs * 1_000) / (await timed(() => Promise.all(agents.map(() => spendNaively(naive, each))))));
        }
        const facts = { clients, connections, accounts: 6, rounds: ours.length };
        rows.push(
          {
            name: `hold + settle, ${clients} clients`,
            unit: "per s",
            better: "higher",
            subject: ours,
            against: { name: "naive SQL", values: theirs },
            facts,
          },
          { name: `hold (permit) latency, ${clients} clients`, unit: "ms", better: "lower", subject: latencies, facts },
        );
      }
      await naive.end();
    }
    rmSync(folder, { recursive: true, force: true });
    return rows;
  },
};

interface Agent {
  readonly runId: string;
  readonly tokenHash: string;
  next: number;
}

async function hireAgents(ledger: Ledger, count: number): Promise<readonly Agent[]> {
  const tenant = `tenant-${count}`;
  const fence = (await ledger.leadership.campaign(tenant, "bench", 3_600_000))!;
  await ledger.catalog.ensureTenant(tenant, tenant);
  const role = {
    uid: `role-${count}`,
    tenant,
    namespace: tenant,
    name: "assistant",
    revision: "r",
    content: {},
    compiled: true,
    sourceMap: {},
  };
  await ledger.catalog.putRole(fence, role);
  const limits = windows.map((window) => ({ window, amount: 1_000_000_000_000n }));
  for (const select of [{ kind: "all" }, { kind: "role", roleName: "assistant" }] as const)
    await ledger.money.putBudget(fence, {
      key: select.kind,
      tenant,
      label: select.kind,
      timeZone: "Europe/Lisbon",
      limits,
      select,
    });
  const agents: Agent[] = [];
  for (let n = 0; n < count; n++) {
    const uid = `binding-${count}-${n}`;
    await ledger.bindings.hire(fence, {
      uid,
      tenant,
      namespace: tenant,
      name: `tess-${n}`,
      roleUid: role.uid,
      roleName: role.name,
      subject: { kind: "User", name: `user-${n}` },
      spec: {},
      effective: { state: "Active", autonomyBand: "Low" },
      timeZone: "Europe/Lisbon",
      credentials: [],
    });
    await ledger.runs.admit(fence, {
      tenant,
      bindingUid: uid,
      key: uid,
      origin: { type: "Person" },
      requestedBy: "bench",
      task: {},
    });
    const claim = (await ledger.runs.claim({ id: "bench", gateway: "bench", leaseMs: 3_600_000 }))!;
    agents.push({ runId: claim.run.id, tokenHash: sha256(claim.token), next: 0 });
  }
  return agents;
}

async function spend(ledger: Ledger, agent: Agent, times: number, latencies: number[]): Promise<void> {
  for (let n = 0; n < times; n++) {
    const step = agent.next++;
    const request = { model: "cheap", messages: [{ role: "user", content: `message ${step}` }] };
    const start = performance.now();
    const answer = await ledger.guard.permit({
      tokenHash: agent.tokenHash,
      id: { runId: agent.runId, step, action: -1 },
      kind: "model",
      name: "cheap",
      digest: `${step}`,
      request,
      verdict: { decision: "allow", rule: "tier", reason: "" },
      repeat: "spend",
      money: {
        fixed: 100n,
        outputMicrosPerMillion: 600_000n,
        maxOutputTokens: 1_000,
        minOutputTokens: 64,
        priceVersion: "p",
      },
    });
    latencies.push(performance.now() - start);
    if (answer.outcome !== "permitted") throw new Error(`not permitted: ${JSON.stringify(answer)}`);
    await ledger.guard.happened({
      callId: answer.callId,
      response: { choices: [{ message: { content: `answer ${step}` } }] },
      isError: false,
      usage: { inputTokens: 10, outputTokens: 20 },
      charge: 112n,
    });
  }
}

const naiveTables = `
  create table naive_accounts (id int primary key, ceiling bigint, spent bigint default 0, held bigint default 0);
  insert into naive_accounts select n, 1000000000000 from generate_series(1, 6) n;
  create table naive_entries (id bigint generated always as identity, kind text, amount bigint, request bytea)`;

/** What one would write first: a transaction for the hold, one for the charge, a conditional update per account. */
async function spendNaively(pool: pg.Pool, times: number): Promise<void> {
  const request = Buffer.alloc(300, 7);
  for (let n = 0; n < times; n++) {
    await inTransaction(pool, async (client) => {
      for (let id = 1; id <= 6; id++)
        await client.query(
          "update naive_accounts set held = held + $2 where id = $1 and spent + held + $2 <= ceiling",
          [id, 700],
        );
      await client.query("insert into naive_entries (kind, amount, request) values ('hold', 700, $1)", [request]);
    });
    await inTransaction(pool, async (client) => {
      for (let id = 1; id <= 6; id++)
        await client.query("update naive_accounts set held = held - 700, spent = spent + 112 where id = $1", [id]);
      await client.query("insert into naive_entries (kind, amount, request) values ('charge', 112, $1)", [request]);
    });
  }
}

async function inTransaction(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<void>): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query("begin");
    await work(client);
    await client.query("commit");
  } finally {
    client.release();
  }
}
