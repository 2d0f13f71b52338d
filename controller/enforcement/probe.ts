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

const notRefused = "a forged AgentRun was not refused when tried";

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
  #compared: readonly string[] | undefined;
  #tried: readonly string[] | undefined;
  /** By which half it was found; what cannot be judged just now stays as it was told. */
  #told: { readonly compared: readonly string[]; readonly tried: readonly string[] } = { compared: [], tried: [] };

  constructor(ports: ProbePorts) {
    this.#ports = ports;
  }

  /** What is not enforced, as far as it was found when looked last; empty: all is well; undefined: that is not known. */
  get gaps(): readonly string[] | undefined {
    const found = [...(this.#compared ?? []), ...(this.#tried ?? [])];
    return found.length === 0 && (this.#compared === undefined || this.#tried === undefined) ? undefined : found;
  }

  /**
   * Looks once and tells what changed. The two halves are judged apart: throws where one of them could not be, after the
   * other was told of.
   */
  async look(): Promise<void> {
    const [compared, tried] = await Promise.allSettled([this.#compare(), this.#try()]);
    this.#compared = compared.status === "fulfilled" ? compared.value : undefined;
    this.#tried = tried.status === "fulfilled" ? tried.value : undefined;
    const known = { compared: this.#compared ?? this.#told.compared, tried: this.#tried ?? this.#told.tried };
    const gaps = [...known.compared, ...known.tried];
    if (gaps.join() !== [...this.#told.compared, ...this.#told.tried].join()) await this.#tell(gaps);
    this.#told = known;
    for (const half of [compared, tried]) if (half.status === "rejected") throw half.reason;
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
      return [notRefused];
    } catch (thrown) {
      if (/cannot be managed by GitOps/.test(messageOf(thrown))) return [];
      // The namespace is not there, the definition is not served: then nothing of the kind can be made.
      if (statusOf(thrown) === 404) return [];
      // Whether the name is taken is asked after admission: it got through.
      if (statusOf(thrown) === 409) return [notRefused];
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
    const regarding = await kube.find<Stored>(kinds.ConfigMap, ledgerMark.name, ledgerMark.namespace);
    if (gaps.length > 0)
      log.warn("admission is not enforced", {
        reason,
        gaps,
        next: "kubectl apply -f manifests/install/admission.yaml",
      });
    else log.info(note, { reason });
    if (regarding === undefined) return;
    events.record({ regarding, type: gaps.length > 0 ? "Warning" : "Normal", reason, action: "Probe", note });
  }
}
