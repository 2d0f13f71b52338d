import { execFileSync } from "node:child_process";
import { cpSync, readFileSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AgentBinding } from "../../api/generated/agent-binding.ts";
import type { AgentRun } from "../../api/generated/agent-run.ts";
import { kinds } from "../../api/kinds.ts";
import type { Stored } from "../../api/resource.ts";
import type { LedgerStatus } from "../../api/wire.ts";
import type { KubeClient } from "../../kube/client.ts";
import { Place, type Up, until } from "../e2e/fleet.ts";
import { freshDatabase } from "../ledger/kit.ts";

// As a user has it: `roster up`, its folders copied and put back while it does not run.
let place: Place;
let up: Up;

beforeAll(async () => {
  place = new Place();
  up = await place.up().ready();
  await up.line(/done {3}tess-ana-first/);
});
afterAll(async () => {
  await up?.[Symbol.asyncDispose]();
  await place?.[Symbol.asyncDispose]();
});

const stop = async () => {
  up.kill("SIGTERM");
  await up.exited;
};
const start = async (env: Readonly<Record<string, string>> = {}) => {
  up = await place.up([], env).ready();
};
const as = async <T>(who: "admin" | "ana", act: (kube: KubeClient) => Promise<T>): Promise<T> => {
  await using kube = await up.as(who);
  return await act(kube);
};
const ask = (name: string) =>
  as("ana", (kube) =>
    kube.create(kinds.AgentRun, {
      apiVersion: "roster.dev/v1alpha1",
      kind: "AgentRun",
      metadata: { name, namespace: "acme" },
      spec: {
        bindingRef: { name: "tess-ana" },
        requestedBy: "ana@acme.example",
        task: { intent: "daily-snapshot", text: "Prepare my snapshot", payload: { horizonDays: 1 } },
      },
    } as AgentRun),
  );
const run = (name: string) =>
  as("admin", (kube) => kube.find<Stored<AgentRun>>(kinds.AgentRun, name, "acme")).then((found) => found?.status);
const ended = (name: string) =>
  until(async () => {
    const status = await run(name);
    return status?.finishedAt || status?.phase === "Refused" ? status : undefined;
  });
const ledger = async (...args: string[]) => {
  const outcome = await place.roster(["ledger", ...args, "-o", "json"]);
  return { ...outcome, answer: (outcome.stdout.startsWith("{") ? JSON.parse(outcome.stdout) : {}) as LedgerStatus };
};
const isRefusedEverything = async () => {
  const map = await as("admin", (kube) =>
    kube.get<Stored & { data: { url: string } }>(kinds.ConfigMap, "roster-gateway", "roster-system"),
  );
  const ready = await fetch(`${map.data.url}/readyz`);
  expect(ready.status).toBe(503);
  expect(await ready.json()).toMatchObject({ reason: "Recovering" });
  const claim = await fetch(`${map.data.url}/runtime/v1/claims`, {
    method: "POST",
    headers: { authorization: `Bearer ${up.token("worker")}` },
    body: JSON.stringify({ worker: "test" }),
  });
  expect(claim.status).toBe(503);
  expect(await claim.json()).toMatchObject({ reason: "Recovering" });
};
const working = async (name: string) => {
  await ask(name);
  expect(await ended(name)).toMatchObject({ phase: "Succeeded" });
};

/** Where Postgres keeps its data; as root that may be elsewhere than in the home. */
const database = () =>
  (JSON.parse(readFileSync(path.join(place.home, "postgres.json"), "utf8")) as { state: string }).state;
const api = () => path.join(place.home, "apiserver");

function copy(folder: string): void {
  // With owners: Postgres refuses a folder that is not its user's.
  execFileSync("cp", ["-a", folder, `${folder}.copy`]);
}

function restore(folder: string): void {
  rmSync(folder, { recursive: true });
  renameSync(`${folder}.copy`, folder);
}

describe("Postgres restored from an older copy", () => {
  it("nothing runs, everybody is told, and a request waits", async () => {
    await stop();
    copy(path.join(database(), "data"));
    await start();
    expect((await ledger("status")).answer.state).toBe("Paired");
    await working("meanwhile");
    await as("admin", (kube) => kube.delete(kinds.AgentBinding, "clock", "acme"));
    await until(async () =>
      (await as("admin", (kube) => kube.find(kinds.AgentBinding, "clock", "acme"))) ? undefined : true,
    );
    expect((await ledger("status")).answer.ledger.agents).toBe(2);
    await stop();
    restore(path.join(database(), "data"));

    await start();
    await up.line(/recovering, nothing runs: the ledger is older than the cluster knows it to be/);
    const { code, answer } = await ledger("status");
    expect({ code, answer }).toMatchObject({ code: 1, answer: { state: "Recovering", cause: "LedgerRegressed" } });
    await isRefusedEverything();
    await ask("waits");
    const events = await as("admin", (kube) =>
      kube.list<Stored & { reason: string }>(kinds.Event, { namespace: "roster-system" }),
    );
    expect(events.items.map((event) => event.reason)).toContain("Recovering");
    expect((await run("waits"))?.phase).toBeUndefined();
  });

  it("is over by a person's word, and what was done meanwhile is not done again", async () => {
    const nobody = await place.roster(["ledger", "accept"]);
    expect(nobody).toMatchObject({ code: 2, stderr: expect.stringContaining("say --yes") });
    expect((await place.roster(["ledger", "adopt", "--yes"])).stderr).toContain("roster ledger accept");
    const ana = await place.roster(["ledger", "accept", "--yes", "--context", "ana"]);
    expect(ana).toMatchObject({ code: 4, stderr: expect.stringMatching(/may not (get|update) configmaps/) });
    const accepted = await place.roster(["ledger", "accept", "--yes"]);
    expect(accepted, accepted.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining("ledger accepted") });
    expect(await ended("waits")).toMatchObject({ phase: "Refused", reason: "OlderThanRecovery" });
    await working("afterwards");
    // Its row is gone with the copy; the object that it left is no request to do it again.
    expect(await run("meanwhile")).toMatchObject({ phase: "Succeeded" });
    // Who was fired after the copy was made is alive in it, and is found out.
    await until(async () => ((await ledger("status")).answer.ledger.agents === 2 ? true : undefined));
    expect((await ledger("status")).answer).toMatchObject({ state: "Paired" });
    await stop();
    await start();
    expect((await ledger("status")).answer).toMatchObject({ state: "Paired" });
    await working("after-a-restart");
  });
});

describe("the wrong DATABASE_URL", () => {
  it("an empty database is not filled with the fleet, and the right one goes on as if nothing had been", async () => {
    await stop();
    const url = await freshDatabase();
    await start({ DATABASE_URL: url });
    await up.line(/recovering, nothing runs: the cluster is used with a certain ledger/);
    expect((await ledger("status")).answer).toMatchObject({
      state: "Recovering",
      cause: "OtherLedger",
      ledger: { agents: 0 },
    });
    // As in a pod of the controller, while no gateway is ready.
    const env = { DATABASE_URL: url, ROSTER_LEDGER_KEY_FILE: path.join(place.home, "ledger.key") };
    const direct = await place.roster(["ledger", "status"], env);
    expect(direct).toMatchObject({ code: 1, stdout: expect.stringContaining("DATABASE_URL leads to an empty") });
    await isRefusedEverything();
    await stop();
    await start();
    expect((await ledger("status")).answer).toMatchObject({ state: "Paired" });
    await working("right-again");
  });

  it("another cluster's ledger is neither used nor stopped, until it is taken over", async () => {
    await stop();
    const url = await freshDatabase();
    await using other = new Place();
    // The same key file, or the ledger cannot even be opened.
    let theirs = await other.up([], { DATABASE_URL: url }).ready();
    await theirs.line(/done {3}tess-ana-first/);
    cpSync(path.join(place.home, "ledger.key"), path.join(place.base, "ledger.key"));
    cpSync(path.join(other.home, "ledger.key"), path.join(place.home, "ledger.key"));
    await start({ DATABASE_URL: url });
    await up.line(/recovering, nothing runs: the ledger belongs to another cluster/);
    expect((await ledger("status")).answer).toMatchObject({ cause: "OtherCluster" });
    await isRefusedEverything();
    const healthy = await other.roster(["ledger", "status", "-o", "json"]);
    expect(JSON.parse(healthy.stdout)).toMatchObject({ state: "Paired" });

    expect((await place.roster(["ledger", "accept", "--yes"])).stderr).toContain("roster ledger adopt");
    const adopted = await place.roster(["ledger", "adopt", "--yes"]);
    expect(adopted, adopted.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining("ledger adopted") });
    await until(async () => {
      const { stdout } = await other.roster(["ledger", "status", "-o", "json"]);
      const status = JSON.parse(stdout) as LedgerStatus;
      return status.cause === "OtherCluster" ? status : undefined;
    });
    await theirs[Symbol.asyncDispose]();
    theirs = await other.up([], { DATABASE_URL: url }).ready();
    await theirs.line(/recovering, nothing runs: the ledger belongs to another cluster/);
    await theirs[Symbol.asyncDispose]();
    await stop();
    cpSync(path.join(place.base, "ledger.key"), path.join(place.home, "ledger.key"));
    await start();
    // Its own ledger is the one that this cluster was paired with before: that is for a person to say.
    expect((await ledger("status")).answer).toMatchObject({ cause: "OtherLedger" });
    expect((await place.roster(["ledger", "accept", "--yes"])).code).toBe(0);
    await until(async () => ((await ledger("status")).answer.state === "Paired" ? true : undefined));
    await working("home-again");
  });
});

describe("the cluster restored from an older copy", () => {
  it("nothing runs, and who was fired meanwhile is not hired again", async () => {
    const ben = await as("admin", (kube) => kube.get<Stored<AgentBinding>>(kinds.AgentBinding, "tess-ben", "acme"));
    await stop();
    copy(api());
    await start();
    rmSync(path.join(place.manifests, "tess-ben.yaml"));
    await until(async () => {
      const found = await as("admin", (kube) => kube.find(kinds.AgentBinding, "tess-ben", "acme"));
      return found ? undefined : true;
    });
    // The cluster is told within a second.
    await until(async () => {
      const { answer } = await ledger("status");
      return answer.cluster.remembers?.seq === answer.ledger.sealed ? true : undefined;
    });
    await stop();
    restore(api());
    // As a git that was restored with it would.
    cpSync(
      path.join(path.resolve(import.meta.dirname, "../.."), "manifests/demo/tess-ben.yaml"),
      path.join(place.manifests, "tess-ben.yaml"),
    );
    await start();
    await up.line(/recovering, nothing runs: the cluster is older than the ledger knows it to be/);
    expect((await ledger("status")).answer).toMatchObject({ cause: "ClusterRegressed" });
    await isRefusedEverything();
    const again = await as("admin", (kube) => kube.get<Stored<AgentBinding>>(kinds.AgentBinding, "tess-ben", "acme"));
    expect(again.metadata.uid).toBe(ben.metadata.uid);

    expect((await place.roster(["ledger", "accept", "--yes"])).code).toBe(0);
    await working("in-the-restored-cluster");
    await until(async () => {
      const found = await as("admin", (kube) => kube.get<Stored<AgentBinding>>(kinds.AgentBinding, "tess-ben", "acme"));
      return (
        found.status?.conditions?.some((one) => one.type === "Ready" && one.reason === "AlreadyFired") || undefined
      );
    });
  });
});
