import { existsSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { AgentRun } from "../../api/generated/agent-run.ts";
import { kinds } from "../../api/kinds.ts";
import { isGone, Place, type Up, until } from "./fleet.ts";

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

const runs = async (): Promise<readonly AgentRun[]> => {
  await using admin = await up.as("admin");
  return (await admin.list<AgentRun>(kinds.AgentRun, { namespace: "acme" })).items;
};

it("a second start in the same folder is refused, naming the first", async () => {
  const refused = await place.roster(["up"]);
  expect(refused).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(`is in use by another \`roster up\` (process ${up.process.pid})`),
  });
});

it("a port in use is refused before anything starts, naming the setting", async () => {
  await using admin = await up.as("admin");
  const { port } = new URL(admin.server);
  await using other = new Place();
  const refused = await other.roster(["up"], { ROSTER_API_PORT: port });
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(new RegExp(`error: port ${port} is in use.*set ROSTER_API_PORT to another one`));
});

it("asked to stop, it stops with everything that it started, and the next start resumes", async () => {
  const children = await up.children();
  expect(children.length).toBeGreaterThanOrEqual(4);
  up.kill("SIGINT");
  expect(await up.exited).toEqual({ code: 0, signal: null });
  expect(children.filter(({ pid }) => !isGone(pid))).toEqual([]);

  up = await place.up().ready();
  expect(up.output).not.toMatch(/was killed|asked {2}tess-ana-first|apply {2}/);
  expect((await runs()).map((run) => [run.metadata.name, run.status?.phase])).toContainEqual([
    "tess-ana-first",
    "Succeeded",
  ]);
});

it("killed, it takes its children with it, and the next start says so and resumes", async () => {
  const children = await up.children();
  const { pid } = up.process;
  up.kill("SIGKILL");
  await up.exited;
  await until(async () => (children.every((child) => isGone(child.pid)) ? true : undefined));
  up = await place.up().ready();
  await up.line(new RegExp(`the previous \`roster up\` \\(process ${pid}\\) was killed`));
  expect((await runs()).map((run) => run.metadata.name)).toContain("tess-ana-first");
});

it("--reset begins afresh", async () => {
  const [before] = (await runs()).filter((run) => run.metadata.name === "tess-ana-first");
  up.kill("SIGTERM");
  await up.exited;
  up = await place.up(["--reset"]).ready();
  await up.line(/done {3}tess-ana-first/);
  const [after] = (await runs()).filter((run) => run.metadata.name === "tess-ana-first");
  expect(after?.metadata.uid).not.toBe(before?.metadata.uid);
  expect(existsSync(place.home)).toBe(true);
});

it("wrong settings are named before anything starts", async () => {
  const port = await place.roster(["up"], { ROSTER_GATEWAY_PORT: "many" });
  expect(port).toMatchObject({ code: 2, stderr: expect.stringContaining("ROSTER_GATEWAY_PORT") });
  const key = await place.roster(["up"], { ROSTER_MODEL_KEY: "sk-canary-canary" });
  expect(key).toMatchObject({ code: 2, stderr: expect.stringContaining("ROSTER_MODEL_URL is not") });
  expect(key.stderr).not.toContain("canary");
});
