import type { ToolServerSpec, ToolServerTool } from "../../api/generated/tool-server.ts";
import type { ToolServerRecord } from "../../ledger/ledger.ts";

/** The ToolServerSpec as the ledger keeps it; the CRD's schema held when it was written. */
export function specOfServer(server: ToolServerRecord): ToolServerSpec {
  return server.spec as unknown as ToolServerSpec;
}

/** The manifest's entry for a tool. Only tools that the manifest lists are ever offered. */
export function findManifestTool(server: ToolServerRecord, name: string): ToolServerTool | undefined {
  return specOfServer(server).tools?.find((tool) => tool.name === name);
}

/** Splits `<server>.<tool>` at its first dot; undefined where there is none. */
export function splitAction(action: string): { readonly server: string; readonly tool: string } | undefined {
  const dot = action.indexOf(".");
  if (dot < 1 || dot === action.length - 1 || action.length > 200) return undefined;
  return { server: action.slice(0, dot), tool: action.slice(dot + 1) };
}

/** What may be repeated after a crash between *intended* and *happened*. Silence in the manifest means never. */
export function repeatOf(tool: ToolServerTool): "safe" | "keyed" | "never" {
  if (tool.effect === "Read" || tool.idempotency?.type === "Natural") return "safe";
  if (tool.idempotency?.type === "Key" && tool.idempotency.argument !== undefined) return "keyed";
  return "never";
}
