import { problem } from "../../api/reasons.ts";
import { type Phase, phases } from "../../api/run-life.ts";
import type { RunList } from "../../api/wire.ts";
import type { RunRecord } from "../../ledger/ledger.ts";
import { formatUsd } from "../../lib/money.ts";
import { authenticatePerson, requireAccess } from "../identity/person.ts";
import { withinLedgerTime } from "../ledger-time.ts";
import type { Ports } from "../ports.ts";
import { findTenant } from "./trace.ts";

const most = 1_000;

/** What a person may ask for, from the query. */
export interface RunQuery {
  readonly binding?: string;
  readonly phases?: readonly Phase[];
  readonly limit: number;
}

/** Reads a query. Throws InvalidRequest naming the parameter. */
export function toRunQuery(query: Readonly<Record<string, string>>): RunQuery {
  const limit = query.limit === undefined ? 50 : Number(query.limit);
  if (!Number.isInteger(limit) || limit < 1 || limit > most)
    throw problem("InvalidRequest", `limit must be a whole number from 1 to ${most}`);
  const asked = query.phase?.split(",") ?? [];
  const unknown = asked.find((one) => !phases.includes(one as Phase));
  if (unknown !== undefined)
    throw problem("InvalidRequest", `phase "${unknown.slice(0, 40)}" is none of ${phases.join(", ")}`);
  return {
    limit,
    ...(query.binding === undefined ? {} : { binding: query.binding }),
    ...(asked.length > 0 ? { phases: asked as Phase[] } : {}),
  };
}

/**
 * The runs of a namespace, newest first, whether they have a window or not, for a person who may list AgentRuns there: names,
 * numbers and money, never what was asked or answered.
 */
export async function listRuns(
  where: { readonly namespace: string; readonly authorization: string | null | undefined },
  query: RunQuery,
  ports: Ports,
): Promise<RunList> {
  const { namespace } = where;
  const person = await authenticatePerson(where.authorization, ports.kube);
  await requireAccess(person, { verb: "list", resource: "agentruns", namespace, name: "" }, ports.kube);
  const tenant = await findTenant(namespace, ports);
  if (tenant === undefined) throw problem("NotFound", `there is no namespace "${namespace}"`);
  const { binding, limit, phases: wanted } = query;
  const filter = {
    tenant,
    limit: limit + 1,
    ...(binding === undefined ? {} : { bindingName: binding }),
    ...(wanted === undefined ? {} : { phases: wanted }),
  };
  const runs = await withinLedgerTime(ports, ports.ledger.runs.list(filter));
  return { items: runs.slice(0, limit).map(toItem), more: runs.length > limit };
}

function toItem(run: RunRecord): RunList["items"][number] {
  const iso = (at: number) => new Date(at).toISOString();
  return {
    id: run.id,
    name: run.objectName,
    binding: run.bindingName,
    role: run.roleName,
    origin: String(run.origin.type),
    phase: run.phase,
    reason: run.reason,
    ...(run.tier === undefined ? {} : { tier: run.tier }),
    steps: run.steps,
    cost: formatUsd(run.cost),
    window: run.objectUid !== undefined ? "Request" : run.windowState === "shown" ? "Shown" : "None",
    createdAt: iso(run.createdAt),
    ...(run.finishedAt === undefined ? {} : { finishedAt: iso(run.finishedAt) }),
  };
}
