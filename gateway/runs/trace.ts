import { kinds } from "../../api/kinds.ts";
import { problem } from "../../api/reasons.ts";
import type { Trace, TraceStep } from "../../api/wire.ts";
import type { RunRecord, StepRecord } from "../../ledger/ledger.ts";
import type { Instant } from "../../lib/clock.ts";
import { formatUsd } from "../../lib/money.ts";
import { Problem } from "../../lib/problem.ts";
import { authenticatePerson, requireAccess } from "../identity/person.ts";
import { withinLedgerTime } from "../ledger-time.ts";
import type { Ports } from "../ports.ts";

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * A run's steps for a person who may `get` the AgentRun: names, numbers and digests, never bodies. `name` is the
 * AgentRun's, or the run's id. Access is asked about before the ledger is, so that nobody learns what exists.
 */
export async function readTrace(
  where: { readonly namespace: string; readonly name: string; readonly authorization: string | null | undefined },
  ports: Ports,
): Promise<Trace> {
  const { namespace, name } = where;
  const person = await authenticatePerson(where.authorization, ports.kube);
  await requireAccess(person, { verb: "get", resource: "agentruns", namespace, name }, ports.kube);
  const run = await findRun(namespace, name, ports);
  const traced = run && (await withinLedgerTime(ports, ports.ledger.runs.trace(run.id)));
  if (!traced) throw problem("NotFound", `there is no run "${name}" in namespace "${namespace}"`);
  return toTrace(traced.run, traced.steps);
}

async function findRun(namespace: string, name: string, ports: Ports): Promise<RunRecord | undefined> {
  if (uuidPattern.test(name)) {
    const run = await withinLedgerTime(ports, ports.ledger.runs.find(name));
    return run?.namespace === namespace ? run : undefined;
  }
  const tenant = await findTenant(namespace, ports);
  return tenant === undefined ? undefined : await withinLedgerTime(ports, ports.ledger.runs.findByObject(tenant, name));
}

/** A tenant is keyed by its namespace's UID, so that a namespace made again is another tenant. */
export async function findTenant(namespace: string, ports: Ports): Promise<string | undefined> {
  try {
    return (await ports.kube.find(kinds.Namespace, namespace))?.metadata.uid;
  } catch (thrown) {
    if (thrown instanceof Problem) throw thrown;
    throw problem("KubeUnavailable", "cannot read the namespace", { cause: thrown });
  }
}

function toTrace(run: RunRecord, steps: readonly StepRecord[]): Trace {
  return {
    run: {
      id: run.id,
      name: run.objectName,
      namespace: run.namespace,
      binding: run.bindingName,
      role: run.roleName,
      roleRevision: run.roleRevision,
      phase: run.phase,
      reason: run.reason,
      message: run.message,
      ...(run.rung === undefined ? {} : { rung: run.rung }),
      ...(run.tier === undefined ? {} : { tier: run.tier }),
      traceId: run.traceId,
      createdAt: iso(run.createdAt),
      ...(run.startedAt === undefined ? {} : { startedAt: iso(run.startedAt) }),
      ...(run.finishedAt === undefined ? {} : { finishedAt: iso(run.finishedAt) }),
      tokens: run.tokens,
      cost: formatUsd(run.cost),
    },
    steps: steps.map(toStep),
    artifacts: run.artifacts,
  };
}

function toStep(step: StepRecord): TraceStep {
  const { id, held, charged, finishedAt, startedAt } = step;
  return {
    step: step.kind === "final" ? "final" : id.action < 0 ? String(id.step) : `${id.step}.${id.action}`,
    kind: step.kind,
    name: step.name,
    state: step.state,
    ...(step.verdict === undefined ? {} : { verdict: step.verdict }),
    ...(step.rule === undefined ? {} : { rule: step.rule }),
    epoch: step.epoch,
    requestSha256: step.requestSha256,
    ...(step.responseSha256 === undefined ? {} : { responseSha256: step.responseSha256 }),
    ...(step.tokens === undefined ? {} : { tokens: step.tokens }),
    ...(held === undefined ? {} : { hold: formatUsd(held) }),
    ...(charged === undefined ? {} : { cost: formatUsd(charged) }),
    startedAt: iso(startedAt),
    ...(finishedAt === undefined ? {} : { durationMs: Math.max(0, finishedAt - startedAt) }),
    ...(step.error === undefined ? {} : { error: step.error }),
  };
}

function iso(at: Instant): string {
  return new Date(at).toISOString();
}
