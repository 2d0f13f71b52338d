import type { Task } from "../api/wire.ts";
import { digest, type JsonObject } from "../lib/json.ts";

/** What a person wrote, before anybody believed it. */
export interface RequestFacts {
  readonly runID?: string | undefined;
  readonly origin?: { readonly type: string; readonly [field: string]: unknown } | undefined;
  readonly requestedBy?: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface Refusal {
  readonly reason: "ForgedRequest" | "InvalidRequest";
  readonly message: string;
}

/** Stamped on a request once it was admitted; its value is the run's id. */
export const admittedAnnotation = "roster.dev/admitted";

// An AgentRun is an event: a tool that re-applies it would make a new run with each sync.
const trackers = [
  "argocd.argoproj.io/tracking-id",
  "argocd.argoproj.io/instance",
  "kustomize.toolkit.fluxcd.io/name",
  "helm.toolkit.fluxcd.io/name",
  "applyset.kubernetes.io/part-of",
];

/**
 * Says why an AgentRun that a person made is not a request; undefined for one that may be admitted. The shipped
 * admission policy says the same at the door; this is for clusters where it is missing, and for objects made before it.
 */
export function refuseRequest(request: RequestFacts): Refusal | undefined {
  const forged = (message: string): Refusal => ({ reason: "ForgedRequest", message });
  if (request.runID !== undefined) return forged("spec.runID is set by Roster only; leave it out to request a run");
  const { origin } = request;
  if (origin !== undefined && (origin.type !== "Person" || Object.keys(origin).length > 1)) {
    return forged("spec.origin other than a plain Person is set by Roster only; leave it out");
  }
  if (request.annotations[admittedAnnotation] !== undefined) {
    return forged(`the annotation ${admittedAnnotation} is set by Roster only; make a new AgentRun without it`);
  }
  if (request.requestedBy === undefined || request.requestedBy === "") {
    return { reason: "InvalidRequest", message: "spec.requestedBy is missing: name the user who asks" };
  }
  const tracker = trackers.find((key) => key in request.labels || key in request.annotations);
  if (tracker !== undefined) {
    return {
      reason: "InvalidRequest",
      message: `an AgentRun is an event and cannot be managed by GitOps (it carries "${tracker}")`,
    };
  }
  return undefined;
}

/** What a window says of a task that others may not read: its intent and a digest. */
export function taskDigest(task: Task): { readonly intent?: string; readonly sha256: string } {
  return { ...(task.intent === undefined ? {} : { intent: task.intent }), sha256: digest(task) };
}

const placeholder = /\{\{\s*([A-Za-z_][A-Za-z0-9_.]*)\s*\}\}/g;

/**
 * Fills `{{ binding.subject.name }}` and the like in a trigger's text. Names are paths into `facts`; one that leads to
 * nothing or to more than a single value stays as it is written, so that a typing error is seen and nothing is leaked.
 */
export function fillTemplate(text: string, facts: JsonObject): string {
  return text.replace(placeholder, (written, path: string) => {
    let value: unknown = facts;
    for (const part of path.split(".")) {
      if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return written;
      value = (value as Record<string, unknown>)[part];
    }
    return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
      ? String(value)
      : written;
  });
}
