import type { ToolServerTool } from "../../api/generated/tool-server.ts";
import type { TokenState, ToolCatalogEntry, ToolServerRecord } from "../../ledger/ledger.ts";
import type { Instant } from "../../lib/clock.ts";
import type { JsonObject } from "../../lib/json.ts";
import { Problem } from "../../lib/problem.ts";
import type { Facts } from "../../policy/facts.ts";
import type { Ports } from "../ports.ts";
import { hasCredential } from "./connect.ts";
import { findManifestTool, splitAction } from "./manifest.ts";
import type { ToolSession } from "./session.ts";

/** What is known of a tool call when it is judged. Absent members are facts too: there is no such server, or tool. */
export interface ToolFacts {
  readonly action: string;
  readonly arguments: JsonObject;
  readonly server?: ToolServerRecord;
  readonly manifest?: ToolServerTool;
  readonly hasCredential: boolean;
  /** The catalog's entry, from a live session or else as it was last recorded. */
  readonly entry?: ToolCatalogEntry;
  readonly session?: ToolSession;
  /** Why there is no session. */
  readonly unavailable?: Problem;
}

/** The facts that rules may look at. */
export function toPolicyFacts(token: TokenState, now: Instant): Facts {
  const { binding, run } = token;
  const parameters = (binding.spec.parameters ?? {}) as JsonObject;
  return {
    task: run.task,
    binding: {
      subject: binding.subject,
      parameters,
      timeZone: binding.timeZone,
      band: binding.effective.autonomyBand,
      ...(binding.team === undefined ? {} : { team: binding.team }),
    },
    run: { id: run.id, origin: String(run.origin.type ?? ""), steps: run.steps },
    now,
  };
}

/**
 * Finds the server, its manifest entry and the catalog's for one action. Connects only when `connect` says so, because
 * a call that is denied anyway must not reach the server. Throws only when the ledger is away.
 */
export async function findTool(
  action: string,
  args: JsonObject,
  token: TokenState,
  connect: (facts: ToolFacts) => boolean,
  ports: Ports,
): Promise<ToolFacts> {
  const named = splitAction(action);
  const server = named && (await ports.ledger.catalog.findToolServer(token.binding.tenant, named.server));
  const manifest = server && findManifestTool(server, named.tool);
  if (!named || !server || !manifest)
    return { action, arguments: args, hasCredential: false, ...(server ? { server } : {}) };
  const bound = hasCredential(server, token.binding, ports.config.localServers);
  const facts: ToolFacts = { action, arguments: args, server, manifest, hasCredential: bound };
  if (!connect(facts)) return facts;
  try {
    const session = await ports.toolbox.session(server, token.binding);
    const entry = (await session.catalog()).tools.get(named.tool);
    return { ...facts, session, ...(entry ? { entry } : {}) };
  } catch (thrown) {
    if (thrown instanceof Problem && thrown.reason === "LedgerUnavailable") throw thrown;
    const recorded = await ports.ledger.catalog.listTools(server.uid);
    const entry = recorded.tools.find(({ name }) => name === named.tool);
    const unavailable =
      thrown instanceof Problem
        ? thrown
        : new Problem("ToolUnavailable", `ToolServer "${server.name}" failed`, { cause: thrown });
    return { ...facts, unavailable, ...(entry ? { entry } : {}) };
  }
}
