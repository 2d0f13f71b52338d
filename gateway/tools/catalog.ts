import type { Catalog, ToolCatalogEntry, ToolServerRecord } from "../../ledger/ledger.ts";
import { digest, isObject, type JsonObject } from "../../lib/json.ts";
import { specOfServer } from "./manifest.ts";

/** One tool as its server describes it. */
export interface SeenTool {
  readonly name: string;
  readonly description?: string | undefined;
  readonly inputSchema: unknown;
  readonly outputSchema?: unknown;
  readonly annotations?: unknown;
}

/** What a server's own list said, compared with manifest and history. */
export interface SeenCatalog {
  readonly protocolVersion: string;
  readonly tools: ReadonlyMap<string, ToolCatalogEntry>;
}

/**
 * Names a tool by everything that an agent reads of it: an instruction slipped into a description is a change like one
 * in the schema.
 */
export function schemaHashOf(tool: SeenTool): string {
  const { name, description = "", inputSchema, outputSchema, annotations } = tool;
  return `sha256:${digest({ name, description, inputSchema, outputSchema, annotations })}`;
}

const maxDescriptionChars = 4_000;

/**
 * What a server listed, as far as the manifest lists it too; anything else is not part of the catalog. A hash that the
 * manifest pins and that differs is quarantined here already; pins by first sight are the ledger's. Pure.
 */
export function toEntries(server: ToolServerRecord, seen: readonly SeenTool[]): readonly ToolCatalogEntry[] {
  return (specOfServer(server).tools ?? []).flatMap((manifest) => {
    const tool = seen.find(({ name }) => name === manifest.name);
    if (!tool || !isObject(tool.inputSchema)) return [];
    const schemaHash = schemaHashOf(tool);
    return [
      {
        name: tool.name,
        description: (tool.description ?? "").slice(0, maxDescriptionChars),
        inputSchema: tool.inputSchema as JsonObject,
        schemaHash,
        state: (manifest.schemaHash ?? schemaHash) === schemaHash ? ("Admitted" as const) : ("Quarantined" as const),
      },
    ];
  });
}

/**
 * Writes to the ledger what is new and answers what is admitted by manifest and history: a tool's first hash is its
 * pin, and another one later is quarantined until the manifest names it. Idempotent.
 */
export async function updateCatalog(
  server: ToolServerRecord,
  protocolVersion: string,
  seen: readonly SeenTool[],
  catalog: Catalog,
): Promise<SeenCatalog> {
  const entries = toEntries(server, seen);
  const known = await catalog.listTools(server.uid);
  if (known.protocolVersion === protocolVersion && hashesOf(known.tools) === hashesOf(entries)) {
    return { protocolVersion, tools: byName(known.tools) };
  }
  await catalog.recordTools(server.uid, protocolVersion, entries);
  return { protocolVersion, tools: byName((await catalog.listTools(server.uid)).tools) };
}

function hashesOf(tools: readonly ToolCatalogEntry[]): string {
  return digest(Object.fromEntries(tools.map(({ name, schemaHash }) => [name, schemaHash])));
}

function byName(tools: readonly ToolCatalogEntry[]): ReadonlyMap<string, ToolCatalogEntry> {
  return new Map(tools.map((tool) => [tool.name, tool]));
}
