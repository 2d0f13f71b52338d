import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { kinds } from "../../api/kinds.ts";
import type { Resource, Stored } from "../../api/resource.ts";
import { kubeconfigText } from "../cluster/kubeconfig.ts";
import { until } from "../e2e/fleet.ts";
import { freePorts } from "../kit/free-ports.ts";
import { freshDatabase } from "../ledger/kit.ts";
import { type Cluster, tokenOf } from "../product/cluster.ts";
import { startEmbeddedCluster } from "../product/embedded-cluster.ts";
import { Program } from "../product/program.ts";

// How a kubelet sees the processes of an installation: each is one of its own, with the rights of its shipped account.
const root = path.join(import.meta.dirname, "../..");
const rights = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
// A pod that is asked to end has thirty seconds.
const promptMs = 20_000;
// Shorter than a test's timeout, only so that a failure shows what was said instead.
const patienceMs = 60_000;

const database = await freshDatabase();
/** Of another cluster: with Roles alone a cluster is known by its roster-system. */
const confinedDatabase = await freshDatabase();
const folder = mkdtempSync(path.join(tmpdir(), "roster-serve-"));
let cluster: Cluster;

beforeAll(async () => {
  cluster = await startEmbeddedCluster();
  await cluster.install();
  writeFileSync(path.join(folder, "master.key"), randomBytes(32), { mode: 0o600 });
  for (const kind of ["worker", "operator"]) writeFileSync(path.join(folder, kind), `a-token-of-the-${kind}`);
  for (const account of ["roster-controller", "roster-gateway"]) {
    const text = kubeconfigText(cluster.server, cluster.caPem, await tokenOf(cluster.admin, "roster-system", account));
    writeFileSync(path.join(folder, account), text, { mode: 0o600 });
  }
});
afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

interface Served extends AsyncDisposable {
  readonly program: Program;
  get(path: string, method?: string): Promise<{ readonly status: number; readonly text: string }>;
  /** Resolves when /readyz answers so. */
  is(status: number, says?: RegExp): Promise<void>;
  /** Asks it to end as a kubelet does; answers its exit code and how long it took. */
  end(): Promise<{ readonly code: number | null; readonly tookMs: number }>;
}

async function start(
  component: "controller" | "gateway",
  name: string,
  more: readonly string[] = [],
  url = database,
): Promise<Served> {
  const [port] = await freePorts(1);
  const address = [component === "controller" ? "--probes" : "--listen", `127.0.0.1:${port}`];
  const args = [component, "--kubeconfig", path.join(folder, `roster-${component}`), ...address, ...more];
  const program = new Program(name, "cli/main.ts", args, {
    ROSTER_IDENTITY: name,
    DATABASE_URL: url,
    ROSTER_LEDGER_KEY_FILE: path.join(folder, "master.key"),
    ROSTER_WORKER_TOKEN_FILE: path.join(folder, "worker"),
    ROSTER_OPERATOR_TOKEN_FILE: path.join(folder, "operator"),
  });
  const get: Served["get"] = async (path, method = "GET") => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method });
    return { status: answer.status, text: await answer.text() };
  };
  const lateAt = Date.now() + patienceMs;
  return {
    program,
    get,
    is: (status, says = /^/) =>
      until(async () => {
        const answer = await get("/readyz").catch(() => undefined);
        if (!program.running || Date.now() > lateAt)
          throw new Error(`${name} does not say ${status} ${says} but "${answer?.text}": ${program.lines.join("\n")}`);
        return answer?.status === status && says.test(answer.text) ? true : undefined;
      }).then(() => undefined),
    async end() {
      const from = Date.now();
      program.signal("SIGTERM");
      const code = await program.ended;
      return { code, tookMs: Date.now() - from };
    },
    [Symbol.asyncDispose]: () => program.kill(),
  };
}

/** Another session that keeps the lock of migrations, as a replica does that brings the schema up to date. */
async function migrating(): Promise<AsyncDisposable> {
  const client = new pg.Client({ connectionString: database });
  await client.connect();
  await client.query("select pg_advisory_lock(hashtextextended('roster/migrate', 0))");
  return { [Symbol.asyncDispose]: () => client.end() };
}

async function endsInOrder(served: Served): Promise<void> {
  const { code, tookMs } = await served.end();
  const said = served.program.lines.filter((line) => /^error|"level":"error"/.test(line));
  expect({ code, said }).toEqual({ code: 0, said: [] });
  expect(tookMs).toBeLessThan(promptMs);
}

describe("while another process brings the schema up to date", () => {
  for (const component of ["controller", "gateway"] as const) {
    it(`a ${component} lives, is not ready and says why, and ends when it is asked to`, async () => {
      await using _ = await migrating();
      await using served = await start(component, `waiting-${component}`);
      await served.is(503, /the ledger is not open yet/);
      expect((await served.get("/healthz")).status).toBe(200);
      // A worker that finds it takes it for one that is away, not for one that knows no such path.
      const claim = await served.get("/runtime/v1/claims", "POST");
      expect(claim.status).toBe(component === "gateway" ? 503 : 404);
      await endsInOrder(served);
    });
  }

  it("both go on when that is done: the gateway serves where it was probed, the controller lists", async () => {
    const lock = await migrating();
    await using controller = await start("controller", "patient");
    await using gateway = await start("gateway", "patient-gateway");
    await Promise.all([controller.is(503), gateway.is(503)]);
    await lock[Symbol.asyncDispose]();
    await Promise.all([controller.is(200), gateway.is(200)]);
    expect((await gateway.get("/runtime/v1/claims", "POST")).status).toBe(401);
    expect((await controller.get("/metrics")).text).toContain("roster_controller_leading");
    await endsInOrder(controller);
    await endsInOrder(gateway);
  });
});

it("whoever waits for an API server that does not answer ends when asked to", async () => {
  const sockets = new Set<Socket>();
  const silent = createServer((socket) => sockets.add(socket.on("error", () => {})));
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const { port } = silent.address() as AddressInfo;
  const file = path.join(folder, "silent");
  writeFileSync(file, kubeconfigText(`https://127.0.0.1:${port}`, cluster.caPem, "nobody"));
  await using served = await start("controller", "unanswered", ["--kubeconfig", file]);
  await until(async () => (sockets.size > 0 ? true : undefined));
  expect((await served.get("/healthz")).status).toBe(200);
  await endsInOrder(served);
  for (const socket of sockets) socket.destroy();
  silent.close();
});

describe("a controller that may not list everything yet", () => {
  it("is not ready and names what is missing; then it is ready, leading or standing by", async () => {
    const binding = await cluster.admin.raw<Stored>("GET", `${rights}/roster-controller`);
    await cluster.admin.raw("DELETE", `${rights}/roster-controller`);
    await using one = await start("controller", "one");
    await using two = await start("controller", "two");
    await Promise.all([one, two].map((served) => served.is(503, /not listed yet: .*agentbindings/)));
    expect((await one.get("/healthz")).status).toBe(200);
    await using leaving = await start("controller", "leaving");
    await leaving.is(503, /not listed yet/);
    await endsInOrder(leaving);
    const { name, labels } = binding.metadata;
    await cluster.admin.raw("POST", rights, { ...binding, metadata: { name, labels } });
    await Promise.all([one, two].map((served) => served.is(200)));
    const leading = async ({ get }: Served) =>
      /^roster_controller_leading (\d)/m.exec((await get("/metrics")).text)?.[1];
    await until(async () => ([await leading(one), await leading(two)].sort().join() === "0,1" ? true : undefined));
    await Promise.all([one, two].map(endsInOrder));
  });

  it("a kind that is not served is a kind that was not listed", async () => {
    const name = "agentstops.roster.dev";
    const definition = await cluster.admin.get<Resource & { spec: object }>(kinds.CustomResourceDefinition, name);
    await cluster.admin.delete(kinds.CustomResourceDefinition, name, undefined);
    await until(async () =>
      (await cluster.admin.find(kinds.CustomResourceDefinition, name)) === undefined ? true : undefined,
    );
    await using served = await start("controller", "no-definition");
    await served.is(503, /not listed yet: agentstops$/m);
    await cluster.admin.create(kinds.CustomResourceDefinition, {
      apiVersion: definition.apiVersion,
      kind: definition.kind,
      metadata: { name },
      spec: definition.spec,
    } as Resource);
    await served.is(200);
    await endsInOrder(served);
  });

  it("with Roles alone it is ready once one of its namespaces is open, and waits for no other", async () => {
    const binding = await cluster.admin.raw<Stored>("GET", `${rights}/roster-controller`);
    await cluster.admin.raw("DELETE", `${rights}/roster-controller`);
    // Written by the leaders above, if one led for long enough.
    if (await cluster.admin.find(kinds.ConfigMap, "roster-ledger", "roster-system"))
      await cluster.admin.delete(kinds.ConfigMap, "roster-ledger", "roster-system");
    await using served = await start("controller", "confined", ["--namespaces", "later,acme"], confinedDatabase);
    await served.is(503, /not listed yet: .*later\/agentbindings/);
    const file = path.join(root, "manifests/overlays/namespaced/fleet/rbac.yaml");
    for (const document of parseAllDocuments(readFileSync(file, "utf8"))) {
      const object = document.toJS() as Resource;
      const plural = object.kind === "Role" ? "roles" : "rolebindings";
      await cluster.admin.raw("POST", `/apis/rbac.authorization.k8s.io/v1/namespaces/acme/${plural}`, object);
    }
    await served.is(200);
    await endsInOrder(served);
    const { name, labels } = binding.metadata;
    await cluster.admin.raw("POST", rights, { ...binding, metadata: { name, labels } });
  });
});
