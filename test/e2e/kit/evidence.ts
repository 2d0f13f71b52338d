import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import pg from "pg";
import type { AgentRun } from "../../../api/generated/agent-run.ts";
import { kinds } from "../../../api/kinds.ts";
import type { KubeClient } from "../../../kube/client.ts";
import type { RuntimeProcess } from "../../runtime/process.ts";
import type { Canaries } from "./canary.ts";
import type { Fleet } from "./fifty.ts";

/** Something that nobody but its owner may find a canary in: where it is, and what stands there. */
export interface Exhibit {
  readonly where: string;
  readonly what: string | Uint8Array;
}

/**
 * Everywhere that a word of somebody's mail may not be: what others may read, and what holds everybody's data without
 * being meant to hold content. Left out are the offices themselves, which are the people's own, and what the model's
 * provider gets to see.
 */
export async function everywhere(fleet: Fleet, runtime: RuntimeProcess): Promise<readonly Exhibit[]> {
  return [
    ...(await allResources(fleet.admin)),
    ...(await allTraces(fleet)),
    ...(await allRows(fleet.databaseUrl)),
    ...allFiles(fleet.home),
    ...allFiles(fleet.database),
    { where: "log of the planes", what: fleet.log.join("\n") },
    { where: "log of the runtime", what: JSON.stringify(runtime.lines) },
    { where: "/metrics", what: await (await fetch(`${fleet.running.gatewayUrl}/metrics`)).text() },
  ];
}

/** The trace of every run, as the gateway tells it to whoever may read the namespace's runs. */
export async function allTraces(fleet: Fleet): Promise<readonly Exhibit[]> {
  const { items } = await fleet.admin.list<AgentRun>(kinds.AgentRun, { namespace: "acme" });
  return Promise.all(
    items.map(async ({ metadata: { name } }) => {
      const answer = await fetch(`${fleet.running.gatewayUrl}/v1/namespaces/acme/runs/${name}/trace`, {
        headers: { authorization: `Bearer ${fleet.token("admin")}` },
      });
      if (!answer.ok) throw new Error(`no trace of ${name}: ${answer.status} ${await answer.text()}`);
      return { where: `trace of ${name}`, what: await answer.text() };
    }),
  );
}

/** What was found where, one line each; empty when all is well. */
export function leaks(canaries: Canaries, exhibits: readonly Exhibit[]): readonly string[] {
  return exhibits.flatMap(({ where, what }) =>
    canaries.hunt(what).map(({ encoding, around }) => `${where} (${encoding}): ${JSON.stringify(around)}`),
  );
}

interface ApiList {
  readonly resources: readonly { readonly name: string; readonly verbs: readonly string[] }[];
}

/** Every object of every kind that the API serves, as `kubectl get -A` would find them. */
export async function allResources(kube: KubeClient): Promise<readonly Exhibit[]> {
  const { groups } = await kube.raw<{
    readonly groups: readonly { readonly versions: readonly { readonly groupVersion: string }[] }[];
  }>("GET", "/apis");
  const bases = ["/api/v1", ...groups.flatMap(({ versions }) => versions.map((one) => `/apis/${one.groupVersion}`))];
  const exhibits: Exhibit[] = [];
  for (const base of bases) {
    const { resources } = await kube.raw<ApiList>("GET", base);
    for (const { name } of resources.filter((one) => one.verbs.includes("list"))) {
      const list = await kube.raw<{ readonly items: readonly { readonly metadata: { name: string } }[] }>(
        "GET",
        `${base}/${name}`,
      );
      exhibits.push(
        ...list.items.map((item) => ({ where: `${base}/${name} ${item.metadata.name}`, what: JSON.stringify(item) })),
      );
    }
  }
  return exhibits;
}

/** Every row of every table, bytes as hex. */
export async function allRows(databaseUrl: string): Promise<readonly Exhibit[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const tables = await client.query<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables
        where schemaname not in ('pg_catalog', 'information_schema') order by 1`,
    );
    const exhibits: Exhibit[] = [];
    for (const { name } of tables.rows) {
      const { rows } = await client.query<{ row: string }>(`select t::text as row from ${name} t`);
      exhibits.push(...rows.map(({ row }) => ({ where: `table ${name}`, what: row })));
    }
    return exhibits;
  } finally {
    await client.end();
  }
}

/** Every file below a folder, but for those named. */
export function allFiles(folder: string, except: readonly string[] = []): readonly Exhibit[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).flatMap((name) => {
    const file = path.join(folder, name);
    if (except.some((one) => name === one || name.startsWith(`${one}${path.sep}`))) return [];
    const stats = statSync(file, { throwIfNoEntry: false });
    return stats?.isFile() ? [{ where: file, what: readFileSync(file) }] : [];
  });
}
