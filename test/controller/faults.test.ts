import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, it } from "vitest";
import { kinds } from "../../api/kinds.ts";
import type { Controller } from "../../controller/start.ts";
import { type FlowingClock, flowingClock } from "../kit/flowing-clock.ts";
import { condition, gone, startWorld, until, type World } from "./kit.ts";
import { aFleet, aRequest, aSecret } from "./objects.ts";

let clock: FlowingClock;
let world: World;
let controller: Controller;
beforeEach(async () => {
  clock = flowingClock("2026-11-02T07:00:00Z");
  world = await startWorld({ clock });
  controller = await world.start();
  await aFleet(world.kube);
});
afterEach(() => world[Symbol.asyncDispose]());

it("goes on after the API server was restarted", async () => {
  await world.hire("ana");
  await world.stopApi();
  await world.startApi();
  // The connection that the test itself had kept alive is gone too; nothing is retried inside the client.
  await world.kube.list(kinds.Namespace).catch(() => undefined);
  const ben = await world.hire("ben");
  expect(condition(ben, "Ready")).toBe("True/Ready");
  await world.kube.delete(kinds.AgentBinding, "ana", "acme");
  await gone(world.kube, kinds.AgentBinding, "ana");
});

it("fires an agent that was deleted while no controller ran", async () => {
  const ana = await world.hire("ana");
  await world.kube.create(kinds.AgentRun, aRequest("try", "ana"));
  await until(world.kube, kinds.AgentRun, "try", (run) => run.status?.phase === "Queued");
  await controller[Symbol.asyncDispose]();
  await world.kube.delete(kinds.AgentBinding, "ana", "acme");
  await world.start("two");
  await gone(world.kube, kinds.AgentBinding, "ana");
  expect((await world.ledger.bindings.find(ana.metadata.uid))?.state).toBe("revoked");
});

it("fires an agent whose finalizer somebody removed by hand", async () => {
  await world.hire("ana");
  const ben = await world.hire("ben");
  await controller[Symbol.asyncDispose]();
  await world.kube.mergePatch(kinds.AgentBinding, "ben", "acme", { metadata: { finalizers: [] } });
  await world.kube.delete(kinds.AgentBinding, "ben", "acme");
  await gone(world.kube, kinds.AgentBinding, "ben");
  const changed = Promise.withResolvers<void>();
  using _ = world.ledger.feed.subscribe("bindings", () => changed.resolve());
  await world.start("two");
  await changed.promise;
  expect((await world.ledger.bindings.find(ben.metadata.uid))?.state).toBe("revoked");
});

it("lets a standby take over when the leader resigns, and a standby revokes meanwhile", async () => {
  // Only a leader hires: from here on the first one leads.
  await world.hire("ben");
  const standby = await world.start("two");
  expect([controller.leading, standby.leading]).toEqual([true, false]);
  await controller[Symbol.asyncDispose]();
  await world.hire("ana");
  expect(standby.leading).toBe(true);
  const lease = await world.kube.list(kinds.Lease, { namespace: "roster-system" });
  expect(lease.items.map((one) => one.metadata.name)).toEqual(["roster-controller"]);
});

it("holds what is irreversible when many agents go at once, having revoked them all", async () => {
  const names = ["a1", "a2", "a3", "a4", "a5", "a6", "a7"];
  const hired = await Promise.all(names.map((name) => world.hire(name)));
  await Promise.all(
    names.map((name) =>
      world.kube.mergePatch(kinds.AgentBinding, name, "acme", { metadata: { labels: { going: "yes" } } }),
    ),
  );
  const watches = names.map((name) =>
    until(world.kube, kinds.AgentBinding, name, (object) => condition(object, "Revoked") === "True/Revoked"),
  );
  // One commit: they are in deletion before the first can be let go.
  await controller[Symbol.asyncDispose]();
  await Promise.all(names.map((name) => world.kube.delete(kinds.AgentBinding, name, "acme")));
  await world.start("two");
  await Promise.all(watches);
  const held = await until(
    world.kube,
    kinds.AgentBinding,
    "a7",
    (object) => condition(object, "DownstreamRevoked") !== undefined,
  );
  expect(condition(held, "DownstreamRevoked")).toBe("False/HeldMassDeletion");
  for (const one of hired) expect((await world.ledger.bindings.find(one.metadata.uid))?.state).toBe("revoked");
  await world.kube.mergePatch(kinds.Namespace, "acme", undefined, {
    metadata: { annotations: { "roster.dev/release-deletion": "true" } },
  });
  await Promise.all(names.map((name) => gone(world.kube, kinds.AgentBinding, name)));
});

it("tells the issuer until it answers, then lets go of the Secret", async () => {
  const asked: string[] = [];
  let refusals = 1;
  const issuer: Server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      asked.push(`${request.method} ${request.url} ${body}`);
      response.statusCode = refusals-- > 0 ? 503 : 200;
      response.end();
    });
  });
  await new Promise<void>((resolve) => issuer.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}`;
  try {
    const secret = aSecret("ana-mail", "ana@acme.example");
    secret.metadata.annotations["roster.dev/allowed-origins"] = `local:mail ${origin}`;
    await world.kube.create(kinds.Secret, secret);
    const revocation = { type: "RFC7009", url: `${origin}/revoke` };
    const credentials = [{ server: "mail", secretRef: { name: "ana-mail", key: "token" }, revocation }];
    await world.hire("ana", { credentials });
    await until(
      world.kube,
      kinds.AgentBinding,
      "ana",
      (object) => condition(object, "CredentialsBound") === "True/Bound",
    );
    await world.kube.delete(kinds.AgentBinding, "ana", "acme");
    const pending = await until(world.kube, kinds.AgentBinding, "ana", (object) =>
      String(object.status?.conditions?.find((one) => one.type === "DownstreamRevoked")?.message).includes("503"),
    );
    expect(condition(pending, "Revoked")).toBe("True/Revoked");
    clock.jumpTo(clock.now() + 10_000);
    const seen: (string | undefined)[] = [];
    await gone(world.kube, kinds.AgentBinding, "ana", (object) => seen.push(condition(object, "DownstreamRevoked")));
    expect(seen).toContain("True/IssuerAcknowledged");
    expect(asked).toEqual(["POST /revoke token=very-secret", "POST /revoke token=very-secret"]);
  } finally {
    issuer.close();
  }
});

it("hands a revocation on after ten minutes, so that no deletion hangs", async () => {
  await world.kube.create(kinds.Secret, aSecret("ana-mail", "ana@acme.example", {}));
  await world.kube.mergePatch(kinds.Secret, "ana-mail", "acme", {
    metadata: { annotations: { "roster.dev/allowed-origins": "http://127.0.0.1:9" } },
  });
  const revocation = { type: "RFC7009", url: "http://127.0.0.1:9/revoke" };
  const credentials = [{ server: "mail", secretRef: { name: "ana-mail", key: "token" }, revocation }];
  await world.hire("ana", { credentials });
  await until(
    world.kube,
    kinds.AgentBinding,
    "ana",
    (object) => condition(object, "CredentialsBound") === "True/Bound",
  );
  await world.kube.delete(kinds.AgentBinding, "ana", "acme");
  await until(
    world.kube,
    kinds.AgentBinding,
    "ana",
    (object) => condition(object, "DownstreamRevoked") === "False/DownstreamPending",
  );
  clock.jumpTo(clock.now() + 601_000);
  const seen: (string | undefined)[] = [];
  await gone(world.kube, kinds.AgentBinding, "ana", (object) => seen.push(condition(object, "DownstreamRevoked")));
  expect(seen).toContain("True/DownstreamHandedOn");
});
