import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { type KindRef, kinds } from "../../api/kinds.ts";
import type { Resource } from "../../api/resource.ts";
import { type FolderSync, type SyncEvent, startSync } from "../../gitops/sync.ts";
import type { KubeClient } from "../../kube/client.ts";
import { systemClock } from "../../lib/clock.ts";
import { silentLog } from "../../lib/log.ts";
import { anApi, type TestApi } from "./api.ts";

let api: TestApi;
let kube: KubeClient;
let base: string;
let namespace: string;
let sync: FolderSync | undefined;
let events: SyncEvent[] = [];
let heard = Promise.withResolvers<void>();
let turn = 0;

beforeAll(async () => {
  api = await anApi();
  kube = api.kube;
}, 60_000);
afterAll(() => api[Symbol.asyncDispose]());
beforeEach(async () => {
  base = await mkdtemp(path.join(tmpdir(), "roster-sync-"));
  namespace = `sync-${process.pid}-${turn++}`;
  events = [];
  await mkdir(path.join(base, "m"));
});
afterEach(async () => {
  await sync?.[Symbol.asyncDispose]();
  sync = undefined;
  await rm(base, { recursive: true, force: true });
});

async function start(extra: { roles?: boolean } = {}): Promise<void> {
  sync = await startSync({
    kube,
    base,
    paths: [
      { kind: "manifests", folder: "m" },
      ...(extra.roles ? [{ kind: "roles" as const, folder: "roles", namespace }] : []),
    ],
    log: silentLog,
    clock: systemClock,
    stateFile: path.join(base, "state.json"),
    parent: { name: "set", namespace: `${namespace}-system` },
    onChange: (event) => {
      events.push(event);
      heard.resolve();
    },
  });
  await sync.first;
}

async function stop(): Promise<void> {
  await sync?.[Symbol.asyncDispose]();
  sync = undefined;
}

/** Resolves with the first event that fits, past ones included; the test's own timeout is the only clock. */
async function event(fits: (event: SyncEvent) => boolean): Promise<SyncEvent> {
  for (;;) {
    heard = Promise.withResolvers();
    const found = events.find(fits);
    if (found) return found;
    await heard.promise;
  }
}

const file = (name: string) => path.join(base, name);
const ns = () => `apiVersion: v1\nkind: Namespace\nmetadata: { name: ${namespace} }\n`;
const tier = (name: string, model = "m") =>
  `apiVersion: roster.dev/v1alpha1\nkind: ToolServer\nmetadata: { name: ${name}, namespace: ${namespace} }\nspec: { type: Local, local: { name: ${model} } }\n`;
const find = (kind: KindRef, name: string) =>
  kube.find<Resource & { spec?: Record<string, unknown> }>(kind, name, kind.namespaced ? namespace : undefined);
const server = (name: string) => find(kinds.ToolServer, name);

it("applies a folder, acts on an edit, and deletes what a deleted file declared", async () => {
  await writeFile(file("m/ns.yaml"), ns());
  await writeFile(file("m/a.yaml"), `${tier("one")}---\n${tier("two")}`);
  await start();
  expect((await server("one"))?.metadata.labels?.["applyset.kubernetes.io/part-of"]).toMatch(/^applyset-.*-v1$/);

  await writeFile(file("m/a.yaml"), `${tier("one", "changed")}---\n${tier("two")}`);
  await event(
    (e) =>
      e.kind === "applied" &&
      events.filter((x) => x.kind === "applied" && x.object.endsWith("/one")).length === 2 &&
      e.object.endsWith("/one"),
  );
  expect((await server("one"))?.spec).toMatchObject({ local: { name: "changed" } });

  await rm(file("m/a.yaml"));
  await event((e) => e.kind === "removed" && e.object.endsWith("/two"));
  await event((e) => e.kind === "removed" && e.object.endsWith("/one"));
  expect(await server("one")).toBeUndefined();
});

it("changes nothing for an invalid file, names the line, and goes on when it is valid again", async () => {
  await writeFile(file("m/ns.yaml"), ns());
  await writeFile(file("m/a.yaml"), tier("one"));
  await start();
  await writeFile(file("m/a.yaml"), `${tier("one", "changed")}---\n${tier("two").replace("local:", "lokal:")}`);
  const bad = await event((e) => e.kind === "invalid");
  expect(bad).toMatchObject({
    unit: "m/a.yaml",
    findings: [`m/a.yaml:9:22: unknown field "lokal" in spec (did you mean "local"?)`],
  });
  expect((await server("one"))?.spec).toMatchObject({ local: { name: "m" } });
  expect(await server("two")).toBeUndefined();
  await writeFile(file("m/a.yaml"), `${tier("one", "changed")}---\n${tier("two")}`);
  await event((e) => e.kind === "valid");
  expect((await server("one"))?.spec).toMatchObject({ local: { name: "changed" } });
});

it("changes nothing for a file of which the server refuses one object, and shows the server's reason at the line", async () => {
  await writeFile(file("m/ns.yaml"), ns());
  await writeFile(file("m/a.yaml"), tier("one"));
  await start();
  // Only CEL in the definition knows that a Local server has no http.
  await writeFile(
    file("m/a.yaml"),
    `${tier("one", "changed")}---\n${tier("two").replace("local: { name: m }", "http: { url: 'https://x.example' }")}`,
  );
  const bad = await event((e) => e.kind === "invalid");
  expect(bad.kind === "invalid" && bad.findings[0]).toMatch(
    /^m\/a\.yaml:\d+:\d+: ToolServer.* "two" is invalid: .*set local when, and only when, type is Local/,
  );
  expect((await server("one"))?.spec).toMatchObject({ local: { name: "m" } });
});

it("deletes nothing when a file is emptied or the folder goes away", async () => {
  await writeFile(file("m/ns.yaml"), ns());
  await writeFile(file("m/a.yaml"), tier("one"));
  await start();
  await writeFile(file("m/a.yaml"), "");
  await event((e) => e.kind === "invalid");
  await rename(file("m"), file("elsewhere"));
  await event((e) => e.kind === "kept" && e.why.includes("cannot be read"));
  expect(await server("one")).toBeDefined();
});

it("remembers over a restart: what a person deleted stays deleted until its file changes, what left the folder goes", async () => {
  await writeFile(file("m/ns.yaml"), ns());
  await writeFile(file("m/a.yaml"), tier("one"));
  await writeFile(file("m/b.yaml"), tier("two"));
  await start();
  await stop();
  await kube.delete(kinds.ToolServer, "one", namespace);
  await rm(file("m/b.yaml"));
  events = [];
  await start();
  await event((e) => e.kind === "kept" && e.object.endsWith("/one") && e.why.includes("by hand"));
  expect(await server("one")).toBeUndefined();
  await event((e) => e.kind === "removed" && e.object.endsWith("/two"));
  await writeFile(file("m/a.yaml"), tier("one", "again"));
  await event((e) => e.kind === "applied" && e.object.endsWith("/one"));
  expect(await server("one")).toBeDefined();
});

it("prunes by the members' label where its memory was lost", async () => {
  await writeFile(file("m/ns.yaml"), ns());
  await writeFile(file("m/a.yaml"), tier("one"));
  await writeFile(file("m/b.yaml"), tier("two"));
  await start();
  await stop();
  await rm(file("state.json"));
  await rm(file("m/b.yaml"));
  await start();
  await event((e) => e.kind === "removed" && e.object.endsWith("/two"));
  expect(await server("one")).toBeDefined();
});

it("renders role folders into their namespace and follows edits of any of their files", async () => {
  await writeFile(file("m/ns.yaml"), ns());
  await mkdir(file("roles/night_porter"), { recursive: true });
  await writeFile(file("roles/night_porter/role.yaml"), "role: night_porter\nmodel_tiers: { draft: cheap }\n");
  await writeFile(file("roles/night_porter/SOUL.md"), "Be awake.\n");
  await start({ roles: true });
  expect((await find(kinds.AgentRole, "night-porter"))?.spec).toMatchObject({ soul: "Be awake.\n" });
  await writeFile(file("roles/night_porter/SOUL.md"), "Be wide awake.\n");
  await event(
    (e) =>
      events.filter((x) => x.kind === "applied" && x.object.endsWith("/night-porter")).length === 2 &&
      e.kind === "applied",
  );
  expect((await find(kinds.AgentRole, "night-porter"))?.spec).toMatchObject({ soul: "Be wide awake.\n" });
});
