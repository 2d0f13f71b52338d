import type { ToolDescriptor } from "../../api/wire.ts";
import type { BindingState, RoleRecord, ToolCatalogEntry, ToolServerRecord } from "../../ledger/ledger.ts";
import { messageOf } from "../../lib/problem.ts";
import { builtinServers } from "../../policy/verdict.ts";
import { builtins } from "../memory/builtins.ts";
import type { Ports } from "../ports.ts";
import { withoutArgument } from "./arguments.ts";
import { hasCredential } from "./connect.ts";
import { specOfServer } from "./manifest.ts";
import { toDraft2020 } from "./schema-dialect.ts";

/** Whose catalog it is. */
export interface Owner {
  readonly binding: BindingState;
  readonly pinned: RoleRecord;
  readonly current: RoleRecord | undefined;
}

/**
 * The catalog of a run: builtins, and the admitted tools of servers that the binding can reach, less what no arguments
 * could make anything but a denial. Offering is a courtesy to the model; each call is judged on its own. A server that
 * cannot be reached offers what was last recorded of it.
 */
export async function listOffered(owner: Owner, ports: Ports): Promise<readonly ToolDescriptor[]> {
  const servers = await ports.ledger.catalog.listToolServers(owner.binding.tenant);
  const usable = servers.filter(
    (server) =>
      !builtinServers.includes(server.name) && hasCredential(server, owner.binding, ports.config.localServers),
  );
  const perServer = await Promise.all(usable.map((server) => offerServer(server, owner, ports)));
  const own = builtins.filter((tool) => !alwaysDenied(owner, tool, ports));
  return [...own, ...perServer.flat().sort((a, b) => (a.action < b.action ? -1 : 1))];
}

async function offerServer(server: ToolServerRecord, owner: Owner, ports: Ports): Promise<readonly ToolDescriptor[]> {
  const manifest = specOfServer(server).tools ?? [];
  const wanted = manifest.filter(
    (tool) => !alwaysDenied(owner, { action: `${server.name}.${tool.name}`, effect: tool.effect }, ports),
  );
  if (wanted.length === 0) return [];
  const entries = await findEntries(server, wanted, owner, ports);
  return wanted.flatMap((tool) => {
    const entry = entries.get(tool.name);
    if (entry?.state !== "Admitted") return [];
    const filled = tool.idempotency?.type === "Key" ? tool.idempotency.argument : undefined;
    return [
      {
        action: `${server.name}.${tool.name}`,
        description: entry.description,
        effect: tool.effect,
        inputSchema: withoutArgument(toDraft2020(entry.inputSchema), filled),
      },
    ];
  });
}

/** From the ledger where all is known, so that a claim does not wait for tool servers; else from the server itself. */
async function findEntries(
  server: ToolServerRecord,
  wanted: readonly { readonly name: string }[],
  owner: Owner,
  ports: Ports,
): Promise<ReadonlyMap<string, ToolCatalogEntry>> {
  const recorded = new Map((await ports.ledger.catalog.listTools(server.uid)).tools.map((tool) => [tool.name, tool]));
  if (wanted.every(({ name }) => recorded.has(name))) return recorded;
  try {
    return (await (await ports.toolbox.session(server, owner.binding)).catalog()).tools;
  } catch (thrown) {
    ports.log.warn("cannot list the tools of a server", { server: server.name, error: messageOf(thrown) });
    return recorded;
  }
}

function alwaysDenied(
  owner: Owner,
  tool: { readonly action: string; readonly effect: ToolDescriptor["effect"] },
  ports: Ports,
): boolean {
  const builtin = builtinServers.includes(tool.action.slice(0, tool.action.indexOf(".")));
  return [owner.pinned, owner.current].some((role) => {
    const policy = role && ports.toolbox.policies.find(role);
    if (!policy) return false;
    const rules = policy.rules.get(tool.action);
    if (rules?.deny.some((rule) => rule.when === undefined)) return true;
    if (builtin || tool.effect === "Read") return false;
    const band = owner.binding.effective.autonomyBand;
    return (
      policy.band === "Observe" || band === "Observe" || (rules?.allow.length ?? 0) + (rules?.ask.length ?? 0) === 0
    );
  });
}
