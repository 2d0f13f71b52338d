import type { ToolServer, ToolServerStatusTool } from "../../api/generated/tool-server.ts";
import type { Stored } from "../../api/resource.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { JsonObject } from "../../lib/json.ts";
import { type Mark, met, type Plan, settled, unmet } from "../kit/reconciler.ts";

type Catalog = Awaited<ReturnType<Ledger["catalog"]["listTools"]>>;

export interface Snapshot {
  readonly server: Stored<ToolServer>;
  readonly tenant: string;
  /** What the gateway saw when it asked the server; empty before the first time. */
  readonly catalog: Catalog;
}

// Names that the gateway serves itself: a server that took one would shadow it.
const reserved = ["memory", "artifact", "skill"];
const maxShown = 128;

/** Puts the server in force and shows which of its tools are admitted. */
export function decide({ server, tenant, catalog }: Snapshot): Plan<ToolServer> {
  const ready = judge(server);
  const { uid, namespace, name } = server.metadata;
  const record = {
    uid,
    tenant,
    namespace: namespace!,
    name,
    spec: server.spec as unknown as JsonObject,
    ready: ready.status === "True",
  };
  const asked = catalog.protocolVersion !== undefined || catalog.tools.length > 0;
  return {
    writes: [
      { kind: "ledger", effect: "ensureTenant", args: { tenant, namespace: namespace! }, once: `tenant/${tenant}` },
      { kind: "ledger", effect: "putToolServer", args: record, once: `server/${uid}` },
    ],
    conditions: [ready, stable(catalog, asked)],
    status: {
      protocolVersion: catalog.protocolVersion,
      summary: { tools: summaryOf(catalog, asked) },
      tools: asked ? shown(catalog) : undefined,
    },
    next: settled,
  };
}

/** The server is gone: its tools leave every catalog. */
export function release({ server }: Snapshot): Plan<ToolServer> {
  return {
    writes: [{ kind: "ledger", effect: "dropToolServer", args: { uid: server.metadata.uid } }],
    conditions: [unmet("Ready", "Settled", "the server is withdrawn")],
    status: {},
    next: settled,
  };
}

function judge(server: Stored<ToolServer>): Mark {
  const { name } = server.metadata;
  if (reserved.includes(name))
    return unmet("Ready", "InvalidManifest", `the name "${name}" is reserved for Roster's own actions`);
  const { http } = server.spec;
  if (http !== undefined && !(URL.canParse(http.url) && ["http:", "https:"].includes(new URL(http.url).protocol))) {
    return unmet("Ready", "InvalidManifest", `http.url "${http.url}" is not an http or https URL`);
  }
  return met("Ready", "Ready", "in force");
}

function stable(catalog: Catalog, asked: boolean): Mark {
  if (!asked) return met("CatalogStable", "NoTools", "the server was not asked for its tools yet");
  const quarantined = catalog.tools.filter((tool) => tool.state === "Quarantined").map((tool) => tool.name);
  if (quarantined.length === 0) return met("CatalogStable", "Resolved", `${catalog.tools.length} tools are admitted`);
  return unmet(
    "CatalogStable",
    "ToolQuarantined",
    `changed since they were admitted: ${quarantined.sort().join(", ")}`,
  );
}

function summaryOf(catalog: Catalog, asked: boolean): string {
  if (!asked) return "not asked yet";
  const quarantined = catalog.tools.filter((tool) => tool.state === "Quarantined").length;
  return `${catalog.tools.length - quarantined} admitted${quarantined > 0 ? `, ${quarantined} quarantined` : ""}`;
}

function shown(catalog: Catalog): readonly ToolServerStatusTool[] {
  return catalog.tools
    .map(({ name, schemaHash, state }) => ({ name, schemaHash, state }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .slice(0, maxShown);
}
