import { admissionObjects } from "../../api/generated/admission.ts";
import { type KindRef, kinds } from "../../api/kinds.ts";
import type { Resource, Stored } from "../../api/resource.ts";
import type { KubeClient } from "../../kube/client.ts";
import { statusOf } from "../../kube/connect.ts";
import type { EventRecorder } from "../../kube/events.ts";
import { ledgerMark } from "../../kube/ledger-mark.ts";
import type { Log } from "../../lib/log.ts";
import { messageOf } from "../../lib/problem.ts";
import { weakness } from "./differences.ts";

export interface ProbePorts {
  readonly kube: KubeClient;
  readonly log: Log;
  readonly events: EventRecorder;
  /** Where AgentRuns may be made: the probe's is made nowhere. */
  readonly namespace: string;
}

type PolicyKind = "ValidatingAdmissionPolicy" | "ValidatingAdmissionPolicyBinding";

/** What the policy refuses to everybody, the controller included; only tried, never made (dryRun=All). */
const forged = (namespace: string): Resource & { readonly spec: object } => ({
  apiVersion: "roster.dev/v1alpha1",
  kind: "AgentRun",
  metadata: { name: "roster-admission-probe", namespace, annotations: { "argocd.argoproj.io/tracking-id": "probe" } },
  spec: { bindingRef: { name: "nobody" }, requestedBy: "roster-admission-probe", task: { intent: "probe" } },
});

/**
 * Notices when the shipped admission policies do not protect the API any more: by trying what they refuse even to us, and by
 * comparing each installed policy and binding with the shipped one. The trial shows that the server evaluates policies at all;
 * the comparison shows what our own identity is exempt from. Where there are only Roles, the trial is all.
 */
export class AdmissionProbe {
  readonly #ports: ProbePorts;
  #gaps: readonly string[] | undefined;

  constructor(ports: ProbePorts) {
    this.#ports = ports;
  }

  /** What is not enforced, as it was found last; empty: all is well; undefined: not yet known. */
  get gaps(): readonly string[] | undefined {
    return this.#gaps;
  }

  /** Looks once and tells what changed. Throws where the API server cannot be asked; what was found last then stays. */
  async look(): Promise<void> {
    const gaps = [...(await this.#compare()), ...(await this.#try())];
    const before = this.#gaps ?? [];
    this.#gaps = gaps;
    if (gaps.join() === before.join()) return;
    await this.#tell(gaps);
  }

  async #compare(): Promise<readonly string[]> {
    const { kube } = this.#ports;
    const found = await Promise.all(
      admissionObjects.map(async (shipped) => {
        const kind: KindRef = kinds[shipped.kind as PolicyKind];
        try {
          const weak = weakness(
            shipped,
            await kube.find<Resource & { readonly spec: Record<string, unknown> }>(kind, shipped.metadata.name),
          );
          return weak === undefined ? [] : [`${shipped.kind} "${shipped.metadata.name}": ${weak}`];
        } catch (thrown) {
          if (statusOf(thrown) === 403) return [];
          throw thrown;
        }
      }),
    );
    return found.flat();
  }

  async #try(): Promise<readonly string[]> {
    const { kube, namespace } = this.#ports;
    try {
      await kube.create(kinds.AgentRun, forged(namespace), { dryRun: true });
      return ["a forged AgentRun was not refused when tried"];
    } catch (thrown) {
      if (/cannot be managed by GitOps/.test(messageOf(thrown))) return [];
      // The namespace is not there, the definition is not served: then nothing of the kind can be made.
      if ([404, 409].includes(statusOf(thrown) ?? 0)) return [];
      throw thrown;
    }
  }

  async #tell(gaps: readonly string[]): Promise<void> {
    const { log, events, kube } = this.#ports;
    const reason = gaps.length > 0 ? "AdmissionUnenforced" : "AdmissionEnforced";
    const note =
      gaps.length > 0
        ? `anybody who may create an AgentRun can name another requester: ${gaps.join("; ")}; apply manifests/install/admission.yaml`
        : "the shipped admission policies are in force again";
    if (gaps.length > 0)
      log.warn("admission is not enforced", {
        reason,
        gaps,
        next: "kubectl apply -f manifests/install/admission.yaml",
      });
    else log.info(note, { reason });
    const regarding = await kube.find<Stored>(kinds.ConfigMap, ledgerMark.name, ledgerMark.namespace);
    if (regarding === undefined) return;
    events.record({ regarding, type: gaps.length > 0 ? "Warning" : "Normal", reason, action: "Probe", note });
  }
}
