import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BindingRecord } from "../../ledger/ledger.ts";
import type { JsonObject } from "../../lib/json.ts";
import { callTool, mcpFor, openaiFor, refusalOf, textOf } from "./kit/worker.ts";
import { type Claimed, openWorld, type World } from "./kit/world.ts";

// A published server that nobody here wrote, as an operator would run it.
const everything = "node_modules/@modelcontextprotocol/server-everything/dist/index.js";
const tools = [
  { name: "echo", effect: "Read" },
  { name: "get-env", effect: "Read" },
  { name: "get-sum", effect: "Read" },
  { name: "trigger-long-running-operation", effect: "Destructive" },
];

let world: World;
let ana: BindingRecord;
let bob: BindingRecord;
beforeAll(async () => {
  process.env.CANARY_OF_THE_GATEWAY = "CANARY-parent";
  const args = [everything, "stdio"];
  const local = { kind: "stdio", command: process.execPath, args, credentialEnv: "EVERYTHING_TOKEN" } as const;
  world = await openWorld({ localServers: { everything: local } });
  await world.putServer("everything", {
    type: "Local",
    local: { name: "everything" },
    tools: tools as unknown as JsonObject[],
  });
  await world.putRole({
    permissions: { writeAutonomous: [{ name: "long", action: "everything.trigger-long-running-operation" }] },
  });
  const hire = async (subject: string) => {
    const name = `${subject.split("@")[0]}-everything`;
    await world.putSecret(name, { token: `CANARY-${name}`, origins: "local:everything", subject });
    return world.hire(subject, { credentials: [{ server: "everything", secretName: name, key: "token" }] });
  };
  ana = await hire("ana@acme.example");
  bob = await hire("bob@acme.example");
});
afterAll(async () => {
  delete process.env.CANARY_OF_THE_GATEWAY;
  await world?.[Symbol.asyncDispose]();
});

async function ready(binding: BindingRecord) {
  const owned: Claimed = await world.claim(binding);
  await openaiFor(world.gateway.url, owned.claim, 0).chat.completions.create({
    model: "workhorse",
    messages: [{ role: "user", content: "hi" }],
  });
  const client = await mcpFor(world.gateway.url, owned.claim);
  return {
    owned,
    call: (tool: string, args: Record<string, unknown>, step: string) =>
      callTool(client, `everything.${tool}`, args, step),
    [Symbol.dispose]: () => owned[Symbol.dispose](),
  };
}
const processes = () => process.getActiveResourcesInfo().filter((name) => name === "ProcessWrap").length;

describe("a published MCP server over stdio", () => {
  it("is offered as its manifest says, and answers", async () => {
    using run = await ready(ana);
    const offered = run.owned.claim.tools.filter(({ action }) => action.startsWith("everything."));
    expect(offered.map(({ action }) => action)).toEqual([
      "everything.echo",
      "everything.get-env",
      "everything.get-sum",
      "everything.trigger-long-running-operation",
    ]);
    expect(textOf(await run.call("echo", { message: "hello" }, "0.0"))).toBe("Echo: hello");
    expect(textOf(await run.call("get-sum", { a: 2, b: 3 }, "0.1"))).toContain("5");
    expect(refusalOf(await run.call("get-sum", { a: "2", b: 3 }, "0.2"))).toMatchObject({ reason: "ArgumentsInvalid" });
  });

  it("runs once per binding, with that binding's credential and nothing else of the gateway's environment", async () => {
    using a = await ready(ana);
    using b = await ready(bob);
    const environments = [textOf(await a.call("get-env", {}, "0.0")), textOf(await b.call("get-env", {}, "0.0"))];
    expect(environments[0]).toContain("CANARY-ana-everything");
    expect(environments[0]).not.toContain("CANARY-bob");
    expect(environments[1]).toContain("CANARY-bob-everything");
    expect(environments.join()).not.toMatch(/CANARY-parent|ROSTER_|rst_|PGPASSWORD/);
    expect(processes()).toBe(2);
  });

  it("loses its process and its open call when the binding is fired, and the call is not repeated", async () => {
    using run = await ready(bob);
    await run.call("echo", { message: "x" }, "0.0");
    const before = processes();
    const long = run.call("trigger-long-running-operation", { duration: 60, steps: 60 }, "0.1");
    const ended = long.catch((thrown: unknown) => thrown);
    const intended = async () => (await world.ledger.runs.trace(run.owned.claim.runId))!.steps.at(-1)!.state;
    await expect.poll(intended).toBe("intended");
    await world.ledger.bindings.fire(bob.uid, { tenant: world.tenant, namespace: "acme", name: bob.name, by: "test" });
    expect(await ended).toBeDefined();
    await expect.poll(processes).toBe(before - 1);
  });
});
