import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AgentBinding } from "../../api/generated/agent-binding.ts";
import type { AgentRun } from "../../api/generated/agent-run.ts";
import type { AgentTrigger } from "../../api/generated/agent-trigger.ts";
import { type KindRef, kinds } from "../../api/kinds.ts";
import type { Condition, Resource, Stored } from "../../api/resource.ts";
import type { Trace } from "../../api/wire.ts";
import type { KubeClient } from "../../kube/client.ts";
import { statusOf } from "../../kube/connect.ts";
import { messageOf, Problem } from "../../lib/problem.ts";
import { until } from "../e2e/fleet.ts";
import { claimRun } from "../e2e/worker.ts";
import { freshDatabase } from "../ledger/kit.ts";
import { asToken, type Cluster, tokenOf } from "./cluster.ts";
import { Installation } from "./installation.ts";
import { aNewcomer, aRequest } from "./objects.ts";
import { safetyLaws } from "./safety-laws.ts";

type Seen = Stored & { readonly status?: { readonly conditions?: readonly Condition[] } };

/** What the tests of one cluster share, for those that only some clusters have. */
export interface World<C extends Cluster> {
  readonly cluster: C;
  readonly roster: Installation;
}

/**
 * Roster as a user of a cluster has it, each part a process with the rights of its shipped account and nothing more: the
 * same body on every Kubernetes API. In order: each test goes on where the one before ended.
 */
export function productLaws<C extends Cluster>(
  open: () => Promise<C>,
  more: {
    /** Leaves out the kills, and the minute until a schedule fires, where another run of the same laws has them. */
    readonly brief?: boolean;
    meanwhile?(world: () => World<C>): void;
    atTheEnd?(world: () => World<C>): void;
  } = {},
): void {
  const stack = new AsyncDisposableStack();
  let cluster: C;
  let roster: Installation;
  let admin: KubeClient;
  let person: KubeClient;
  let namespace: string;

  beforeAll(async () => {
    const database = await freshDatabase();
    cluster = stack.use(await open());
    ({ admin, namespace } = cluster);
    roster = stack.use(await Installation.start(cluster, database));
    person = stack.use(await asToken(cluster, cluster.person.token));
  });
  afterAll(() => stack.disposeAsync());

  /** The object once it fits; an API server that is away is asked again. */
  const wait = <O extends Stored = Seen>(kind: KindRef, name: string, fits: (object: O) => boolean) =>
    until(async () => {
      const found = await admin.find<O>(kind, name, namespace).catch((thrown: unknown) => {
        if (thrown instanceof Problem && thrown.reason === "KubeUnavailable") return undefined;
        throw thrown;
      });
      return found && fits(found) ? found : undefined;
    });
  const isTrue = (type: string) => (object: Seen) =>
    object.status?.conditions?.some((one) => one.type === type && one.status === "True") ?? false;
  const isFinished = (run: Stored<AgentRun>) => run.status?.finishedAt !== undefined;
  const slow = { task: { intent: "slow", text: "Take your time" } };
  const ask = (name: string, more: object = {}) => person.create(kinds.AgentRun, aRequest(cluster, name, more));
  const succeeded = async (name: string) => {
    const run = await wait<Stored<AgentRun>>(kinds.AgentRun, name, isFinished);
    expect(run.status?.phase, run.status?.message).toBe("Succeeded");
    return run;
  };
  const traceOf = async (name: string): Promise<Trace> => {
    const { ok, text } = await roster.roster(
      ["trace", `arun/${name}`, "-n", namespace, "-o", "json"],
      cluster.person.token,
    );
    expect(ok, text).toBe(true);
    return JSON.parse(text) as Trace;
  };
  describe("on a quiet day", () => {
    it("hires the demo fleet", async () => {
      for (const name of ["tess-ana", "tess-ben", "clock"]) await wait(kinds.AgentBinding, name, isTrue("Ready"));
      for (const name of ["tess-ana", "tess-ben"]) await wait(kinds.AgentBinding, name, isTrue("CredentialsBound"));
      for (const name of ["executive-assistant", "office-clock"]) await wait(kinds.AgentRole, name, isTrue("Ready"));
      // At half past seven it would come between the tests.
      await admin.mergePatch(kinds.AgentTrigger, "daily-snapshot", namespace, { spec: { state: "Suspended" } });
      // Asked for here, met further below: a minute is the shortest time between two ticks.
      const clock = more.brief ? { state: "Suspended" } : { schedule: { cron: "* * * * *" } };
      await admin.mergePatch(kinds.AgentTrigger, "clock", namespace, { spec: clock });
    });

    it("runs what a person asks for, behind the gateway, and shows what it cost", async () => {
      await ask("asked");
      const run = await succeeded("asked");
      expect(Number(run.status?.cost?.own)).toBeGreaterThan(0);
      expect(run.status?.outcome?.artifacts?.map((one) => one.name)).toContain("snapshot.md");
    });

    it("shows its trace to whoever may read the run, as the Kubernetes API knows them", async () => {
      const trace = await traceOf("asked");
      expect(trace.run).toMatchObject({ phase: "Succeeded", binding: "tess-ana" });
      expect(trace.steps.map((step) => step.name)).toContain("mail.list");
      const args = ["trace", "arun/asked", "-n", namespace];
      const stranger = await tokenOf(admin, "roster-system", "roster-gateway");
      expect((await roster.roster(args, stranger)).text).toMatch(/may not get agentruns "asked"/);
      const unknown = await fetch(`${roster.service.url}/v1/namespaces/${namespace}/runs/asked/trace`, {
        headers: { authorization: "Bearer nobody" },
      });
      expect(unknown.status).toBe(401);
    });

    it("takes a run that is to leave no trace in the cluster away again", async () => {
      const { metadata } = await ask("briefly", { ttlSecondsAfterFinished: 0 });
      await until(async () => ((await admin.find(kinds.AgentRun, "briefly", namespace)) ? undefined : true));
      expect(metadata.uid).not.toBe("");
    });

    it("stops whom an operator stops, and goes on when the stop is lifted", async () => {
      await admin.create(kinds.AgentStop, {
        apiVersion: "roster.dev/v1alpha1",
        kind: "AgentStop",
        metadata: { name: "ben", namespace },
        spec: { scope: { bindingRef: { name: "tess-ben" } }, reason: "looking into it" },
      } as Resource);
      await wait(kinds.AgentBinding, "tess-ben", isTrue("Stopped"));
      await admin.delete(kinds.AgentStop, "ben", namespace);
      await wait(kinds.AgentBinding, "tess-ben", (binding) => !isTrue("Stopped")(binding));
    });

    const forged: Readonly<Record<string, readonly [more: object, says: string]>> = {
      "in another's name": [{ requestedBy: "ben@acme.example" }, "spec.requestedBy must be the user who creates"],
      "of another's agent": [{ bindingRef: { name: "tess-ben" } }, "may not run AgentBinding tess-ben"],
      "with a run id": [{ runID: "01a1fc59-942e-71d3-9c0b-5b1c49703783" }, "spec.runID is set by Roster only"],
      "as if a schedule had made it": [{ origin: { type: "Schedule" } }, "spec.origin other than a plain Person"],
    };
    for (const [why, [more, says]] of Object.entries(forged)) {
      it(`refuses a request ${why}`, async () => {
        const thrown = await ask("forged", more).then(
          () => undefined,
          (refusal: unknown) => refusal,
        );
        expect(statusOf(thrown)).toBe(403);
        expect(messageOf(thrown)).toContain(says);
      });
    }
  });

  if (more.brief) process.stdout.write("skipped: kills, which are tried on the newest version and with ClusterRoles\n");
  describe.skipIf(more.brief)("when something is killed", () => {
    it("a gateway: its run goes on at the other, and repeats nothing that is recorded", async () => {
      await ask("outlives-gateway", slow);
      const owner = await until(() => roster.gatewayOf("outlives-gateway"));
      await until(async () =>
        (await traceOf("outlives-gateway")).steps.some((step) => step.step === "1") ? true : undefined,
      );
      await roster.gateways.get(owner)?.kill();
      await succeeded("outlives-gateway");
      const { steps } = await traceOf("outlives-gateway");
      expect(steps.find((step) => step.step === "0.0")).toMatchObject({ name: "mail.list", epoch: 1 });
      expect(Math.max(...steps.map((step) => step.epoch))).toBe(2);
      await ask("at-the-other");
      await succeeded("at-the-other");
      await roster.startGateway("gateway-c");
    });

    it("the leading controller: the other leads, and hires", async () => {
      const holder = async () =>
        (
          await admin.get<Stored & { spec: { holderIdentity: string } }>(
            kinds.Lease,
            "roster-controller",
            "roster-system",
          )
        ).spec.holderIdentity;
      const before = await holder();
      await roster.controllers.get(before)?.kill();
      await admin.create(kinds.AgentBinding, aNewcomer(cluster, "tess-carla", "carla@acme.example"));
      await wait(kinds.AgentBinding, "tess-carla", isTrue("Ready"));
      const after = await until(async () => ((await holder()) === before ? undefined : holder()));
      expect(roster.controllers.get(after)?.running).toBe(true);
      await roster.startController("controller-c");
    });

    it("the API server: a run goes on without it, and all that waited is done when it is back", async (context) => {
      if (!cluster.apiserver) return context.skip("the API server of a given cluster is not ours to kill");
      await ask("outlives-api", slow);
      await until(() => roster.gatewayOf("outlives-api"));
      await roster.outage(async () => {
        const away = admin.get(kinds.AgentRun, "outlives-api", namespace);
        await expect(away).rejects.toMatchObject({ reason: "KubeUnavailable" });
        const denied = await fetch(`${roster.service.url}/v1/namespaces/${namespace}/runs/asked/trace`, {
          headers: { authorization: `Bearer ${cluster.person.token}` },
        });
        expect(denied.status).toBe(503);
        await until(async () => ((await roster.gatewayOf("outlives-api")) ? undefined : true));
      });
      await succeeded("outlives-api");
      await until(() => ask("after-the-outage").catch(() => undefined));
      await succeeded("after-the-outage");
      await admin.create(kinds.AgentBinding, aNewcomer(cluster, "tess-dora", "dora@acme.example"));
      await wait(kinds.AgentBinding, "tess-dora", isTrue("Ready"));
    });

    it("and the clock ticked all the while: one run for each minute", async () => {
      const ticks = await until(async () => {
        const { items } = await admin.list<Stored<AgentRun>>(kinds.AgentRun, { namespace });
        const found = items.filter((run) => run.spec.bindingRef.name === "clock" && run.status?.phase === "Succeeded");
        return found.length > 0 ? found : undefined;
      });
      for (const tick of ticks) {
        expect(tick.spec).toMatchObject({ origin: { type: "Schedule", trigger: "clock" } });
        expect(Number(tick.status?.cost?.own)).toBe(0);
      }
      const minutes = ticks.map((tick) => tick.spec.origin?.scheduledAt);
      expect(new Set(minutes).size).toBe(minutes.length);
      // What is claimed further below is not to be a tick.
      await admin.mergePatch(kinds.AgentTrigger, "clock", namespace, { spec: { state: "Suspended" } });
      await wait<Stored<AgentTrigger>>(kinds.AgentTrigger, "clock", ({ status }) => status?.nextFire === undefined);
    });
  });

  describe("when an agent is fired", () => {
    it("its token is worth nothing from then on, and a watch sees what was revoked", async () => {
      await roster.runtime?.kill("SIGTERM");
      await ask("held-by-the-test");
      await using worker = await claimRun(roster.service.url, roster.workerToken);
      expect((await worker.think(0, "hello")).status).toBe(200);
      const introspect = async () => {
        const answer = await fetch(`${roster.service.url}/introspect`, {
          method: "POST",
          headers: { authorization: `Bearer ${roster.operatorToken}` },
          body: new URLSearchParams({ token: worker.claim.token }),
        });
        return answer.text();
      };
      expect(JSON.parse(await introspect())).toMatchObject({ active: true });

      const binding = await admin.get<Stored<AgentBinding>>(kinds.AgentBinding, "tess-ana", namespace);
      const { resourceVersion } = binding.metadata;
      const watching = new AbortController();
      const events = admin.watch<Stored<AgentBinding>>(kinds.AgentBinding, {
        namespace,
        fieldSelector: "metadata.name=tess-ana",
        resourceVersion,
        signal: watching.signal,
      });
      await admin.delete(kinds.AgentBinding, "tess-ana", namespace);
      const seen = new Set<string>();
      for await (const event of events) {
        if (event.type === "BOOKMARK") continue;
        for (const one of event.object.status?.conditions ?? []) if (one.status === "True") seen.add(one.type);
        if (event.type === "DELETED") break;
      }
      watching.abort();
      expect([...seen]).toEqual(expect.arrayContaining(["Revoked", "DownstreamRevoked"]));
      expect((await worker.think(1, "hello")).status).toBe(401);
      expect(await introspect()).toBe('{"active":false}');
      const secret = await admin.get(kinds.Secret, "ana-office", namespace);
      expect(secret.metadata.finalizers ?? []).toEqual([]);
      roster.startRuntime();
    });
  });

  if (!more.brief) describe("when something goes by mistake", () => safetyLaws(() => ({ cluster, roster })));
  more.meanwhile?.(() => ({ cluster, roster }));

  describe("when its namespace is deleted", () => {
    it("everybody is revoked at once, what cannot be undone waits for a word, and then it is gone", async () => {
      await admin.delete(kinds.Namespace, namespace, undefined);
      for (const name of ["tess-ben", "clock", ...(more.brief ? [] : ["tess-carla"])]) {
        const held = await wait(kinds.AgentBinding, name, isTrue("Revoked"));
        expect(held.status?.conditions?.find((one) => one.type === "DownstreamRevoked")).toMatchObject({
          status: "False",
          reason: "HeldMassDeletion",
        });
      }
      const word = { metadata: { annotations: { "roster.dev/release-deletion": "true" } } };
      await admin.mergePatch(kinds.Namespace, namespace, undefined, word);
      if (cluster.letGo) {
        // The last of ours to go: until then its controller needs its rights.
        const ours = Object.values(kinds).filter((kind) => kind.group === "roster.dev" && kind.namespaced);
        await until(async () => {
          const left = await Promise.all(ours.map((kind) => admin.list(kind, { namespace })));
          return left.every(({ items }) => items.length === 0) ? true : undefined;
        });
        await cluster.letGo();
      }
      await until(async () => ((await admin.find(kinds.Namespace, namespace)) ? undefined : true));
    });

    it("and nobody logged an error, or asked for what they may not", () => {
      expect(roster.said(/"level":"error"/)).toEqual([]);
      // Rights by Roles went with their namespace; the API server's own log was looked at before.
      if (!cluster.confined) expect(roster.said(/cannot \w+ resource/)).toEqual([]);
    });
  });
  more.atTheEnd?.(() => ({ cluster, roster }));
}
