import { problem } from "../api/reasons.ts";
import { isObject, type JsonObject } from "../lib/json.ts";
import type { ToolCatalogEntry, ToolServerRecord } from "./ledger.ts";
import type { Ports } from "./ports.ts";
import type { Db, Tx } from "./sql.ts";

/** tool name → the schema hash that the manifest admits. */
function pinsOf(spec: JsonObject): ReadonlyMap<string, string> {
  const tools = Array.isArray(spec.tools) ? spec.tools.filter(isObject) : [];
  return new Map(
    tools.flatMap((tool) =>
      typeof tool.name === "string" && typeof tool.schemaHash === "string" ? [[tool.name, tool.schemaHash]] : [],
    ),
  );
}

/** A manifest that names a tool's new hash admits it. */
export async function admitPinned(tx: Tx, server: ToolServerRecord): Promise<void> {
  for (const [name, hash] of pinsOf(server.spec))
    await tx.query(
      `update tools set pinned_hash = $3, state = case when schema_hash = $3 then 'Admitted' else 'Quarantined' end
        where server_uid = $1 and name = $2 and pinned_hash <> $3`,
      [server.uid, name, hash],
    );
}

/**
 * Stores what a server listed. A tool's first hash is its pin unless the manifest names one; another hash later is
 * Quarantined, and so is one that comes back changed after it was gone. Idempotent.
 */
export async function recordTools(
  { db }: Ports,
  serverUid: string,
  protocolVersion: string,
  tools: readonly ToolCatalogEntry[],
): Promise<void> {
  await db.tx(async (tx) => {
    const [server] = await tx.query("select spec from tool_servers where uid = $1 for update", [serverUid]);
    if (!server)
      throw problem("ToolServerNotFound", `cannot record the tools of a server that the ledger does not know`);
    const pins = pinsOf(server.spec as JsonObject);
    const before = await tx.query("select name, schema_hash, state, listed from tools where server_uid = $1", [
      serverUid,
    ]);
    const known = new Map(before.map((row) => [row.name as string, row]));
    await tx.query("update tool_servers set protocol_version = $2 where uid = $1", [serverUid, protocolVersion]);
    let changed = before.filter((row) => row.listed).length !== tools.length;
    for (const [position, tool] of tools.entries()) {
      const was = known.get(tool.name);
      const [row] = await tx.query(
        `insert into tools (server_uid, name, position, description, input_schema, schema_hash, pinned_hash, state)
         values ($1, $2, $3, $4, $5, $6, coalesce($7, $6), case when coalesce($7, $6) = $6 then $8 else 'Quarantined' end)
         on conflict (server_uid, name) do update set position = $3, description = $4, input_schema = $5,
           schema_hash = $6, listed = true,
           state = case when tools.pinned_hash = $6 then $8 else 'Quarantined' end
         returning state`,
        [
          serverUid,
          tool.name,
          position,
          tool.description,
          JSON.stringify(tool.inputSchema),
          tool.schemaHash,
          pins.get(tool.name) ?? null,
          tool.state,
        ],
      );
      changed ||= !was || was.schema_hash !== tool.schemaHash || was.state !== row?.state || !was.listed;
    }
    await tx.query("update tools set listed = false where server_uid = $1 and not (name = any ($2))", [
      serverUid,
      tools.map((tool) => tool.name),
    ]);
    if (changed) tx.wake("tools");
  });
}

export async function listTools(
  db: Db,
  serverUid: string,
): Promise<{ readonly protocolVersion?: string; readonly tools: readonly ToolCatalogEntry[] }> {
  const [server] = await db.query("select protocol_version from tool_servers where uid = $1", [serverUid]);
  const rows = await db.query(
    `select name, description, input_schema, schema_hash, state from tools
      where server_uid = $1 and listed order by position`,
    [serverUid],
  );
  return {
    ...(typeof server?.protocol_version === "string" ? { protocolVersion: server.protocol_version } : {}),
    tools: rows.map((row) => ({
      name: row.name as string,
      description: row.description as string,
      inputSchema: row.input_schema as JsonObject,
      schemaHash: row.schema_hash as string,
      state: row.state as ToolCatalogEntry["state"],
    })),
  };
}
