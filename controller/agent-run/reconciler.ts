import type { AgentBinding } from "../../api/generated/agent-binding.ts";
import type { AgentRun } from "../../api/generated/agent-run.ts";
import { kinds } from "../../api/kinds.ts";
import type { Stored } from "../../api/resource.ts";
import type { RunRecord } from "../../ledger/ledger.ts";
import { admittedAnnotation } from "../../policy/admission.ts";
import { type ContractSpec, compileContract } from "../../policy/contract.ts";
import { driven, may, reads } from "../kit/access.ts";
import type { Reader, Reconciler } from "../kit/reconciler.ts";
import { decide, type Snapshot } from "./decide.ts";

/**
 * Takes requests in and shows runs. Objects of this kind have no finalizer: deleting one cancels its run (`narrow`), and
 * a window that is deleted is marked gone, so that it is neither shown again nor taken for a request.
 */
export const agentRun: Reconciler<AgentRun, Snapshot> = {
  kind: kinds.AgentRun,
  owns: ["Finished", "Succeeded"],
  ready: false,
  watches: [
    {
      kind: kinds.AgentBinding,
      keys: ({ metadata }, view) => view.keysBy(kinds.AgentRun, "waiting", `${metadata.namespace}/${metadata.name}`),
      relevant: (before, after) => accountOf(before) !== accountOf(after),
    },
  ],
  access: [...driven(kinds.AgentRun), ...may(kinds.AgentRun, "create", "delete"), ...reads(kinds.AgentBinding)],
  narrow({ metadata, spec }, gone, view) {
    const tenant = view.find(kinds.Namespace, undefined, metadata.namespace!)?.metadata.uid;
    if (!gone || tenant === undefined) return [];
    const { name, uid } = metadata;
    const runId = spec.runID === undefined ? {} : { runId: spec.runID };
    return [{ kind: "ledger", effect: "objectGone", args: { tenant, name, uid, ...runId } }];
  },
  async gather(object, view) {
    const namespace = object.metadata.namespace!;
    const tenant = view.tenantOf(namespace);
    const run = await runOf(object, tenant, view);
    const binding = view.find<AgentBinding>(kinds.AgentBinding, namespace, object.spec.bindingRef.name);
    const misfit =
      run === undefined && binding !== undefined ? await misfitOf(object, binding, tenant, view) : undefined;
    return { object, tenant, run, binding, misfit };
  },
  decide,
};

function accountOf(binding: Stored | undefined): string | undefined {
  return (binding as Stored<AgentBinding> | undefined)?.status?.accountID;
}

/** The run that this very object shows. A name, an id or a stamp that was copied from another object does not count. */
async function runOf(
  { metadata, spec }: Stored<AgentRun>,
  tenant: string,
  view: Reader,
): Promise<RunRecord | undefined> {
  if (spec.runID !== undefined) {
    const run = await view.ledger.runs.find(spec.runID);
    const mine = run?.tenant === tenant && run.objectName === metadata.name && run.objectUid === undefined;
    return mine && run.windowState !== "gone" ? run : undefined;
  }
  const stamp = metadata.annotations?.[admittedAnnotation];
  const run =
    stamp === undefined
      ? await view.ledger.runs.findByObject(tenant, metadata.name)
      : await view.ledger.runs.find(stamp);
  return run?.tenant === tenant && run.objectUid === metadata.uid ? run : undefined;
}

async function misfitOf(
  object: Stored<AgentRun>,
  binding: Stored<AgentBinding>,
  tenant: string,
  view: Reader,
): Promise<string | undefined> {
  const role = await view.ledger.catalog.findRole(tenant, binding.spec.roleRef.name);
  // A role whose contract does not compile admits nothing anyway; the ledger refuses with that reason.
  if (role?.compiled !== true || role.content.contract === undefined) return undefined;
  const { task = {} } = object.spec;
  const { subject, parameters = {}, team, timeZone } = binding.spec;
  return compileContract(role.content.contract as ContractSpec).checkInput({
    task: {
      ...(task.intent === undefined ? {} : { intent: task.intent }),
      ...(task.text === undefined ? {} : { text: task.text }),
      ...(task.payload === undefined ? {} : { payload: task.payload }),
    },
    binding: {
      subject,
      parameters,
      ...(team === undefined ? {} : { team }),
      ...(timeZone === undefined ? {} : { timeZone }),
    },
    run: { id: "", origin: "Person" },
    now: Date.parse(object.metadata.creationTimestamp!),
  });
}
