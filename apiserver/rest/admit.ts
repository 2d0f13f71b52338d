import { evaluatePolicies, type Policy, type PolicyBinding } from "../admission/policies.ts";
import type { Equivalent } from "../admission/request.ts";
import { checkEscalation } from "../auth/escalation.ts";
import { forbidden } from "../http/status.ts";
import { about } from "../kinds/kind.ts";
import { userInfo } from "../reviews/tokens.ts";
import { type LabelSelectorObject, matchesSelector } from "../selectors/labels.ts";
import { type Entry, type KubeObject, keyOf, parse } from "../store/entry.ts";
import type { AdmissionRequest, Api } from "./api.ts";
import { equivalentsOf } from "./equivalents.ts";

const group = "admissionregistration.k8s.io";
const policyBucket = `${group}/validatingadmissionpolicies`;
const bindingBucket = `${group}/validatingadmissionpolicybindings`;
// Parsed forms, dropped with the entry they came from.
const parsed = new WeakMap<Entry, KubeObject>();

/**
 * Judges one write: nobody grants rights that they do not have, then the ValidatingAdmissionPolicies in the store. Throws
 * the Status of the first refusal.
 */
export function admit(api: Omit<Api, "admit">, request: AdmissionRequest): void {
  checkEscalation(api, request);
  if (api.store.count(bindingBucket) === 0 || api.store.count(policyBucket) === 0) return;
  const { kind, user, subresource, operation, dryRun, options, object, oldObject } = request;
  const { group: g, version, plural } = kind;
  // Policies hear the generated name, which checks before them do not.
  const name = request.name || object?.metadata.name || "";
  let equivalents: readonly Equivalent[] | undefined;
  const isNamespace = kind.bucket === "core/namespaces";
  const namespace = isNamespace ? request.name : request.namespace;
  const namespaceEntry = namespace ? api.store.find("core/namespaces", namespace) : undefined;
  const outcome = evaluatePolicies({
    policies: all(api, policyBucket) as unknown as Policy[],
    bindings: all(api, bindingBucket) as unknown as PolicyBinding[],
    request: {
      operation,
      kind: request.body ?? { group: g, version, kind: kind.kind },
      resource: { group: g, version, resource: plural },
      subResource: subresource,
      name,
      namespace,
      userInfo: userInfo(user) as { username: string },
      dryRun,
      options,
    },
    object: object ?? null,
    oldObject: oldObject ?? null,
    equivalents: () => {
      equivalents ??= equivalentsOf(api.registry, kind, subresource, request.body);
      return equivalents;
    },
    namespaceObject: namespaceEntry ? get(namespaceEntry) : undefined,
    authorizer: (question) => api.authorizer.decide({ ...question, user: question.user ?? user }),
    params: (paramKind, ref, namespace) => paramsOf(api, paramKind, ref, namespace),
  });
  request.warnings.push(...outcome.warnings);
  if (!outcome.denied) return;
  const { message, reason, code } = outcome.denied;
  const error = forbidden(about(kind), name || "Unknown", message);
  const status = error.details.status as { details: object };
  const details = { ...status.details, causes: [{ message }] };
  throw Object.assign(error, { details: { status: { ...status, reason, code, details } } });
}

function all(api: Omit<Api, "admit">, bucket: string): KubeObject[] {
  return api.store.list(bucket).map(get);
}

function get(entry: Entry): KubeObject {
  const found = parsed.get(entry);
  if (found) return found;
  const made = parse(entry);
  parsed.set(entry, made);
  return made;
}

function paramsOf(
  api: Omit<Api, "admit">,
  paramKind: { readonly apiVersion?: string; readonly kind?: string },
  ref: { readonly name?: string; readonly namespace?: string; readonly selector?: unknown },
  namespace: string,
): readonly unknown[] {
  const kind = api.registry.findKind(paramKind.apiVersion ?? "", paramKind.kind ?? "");
  if (!kind) return [];
  const where = kind.namespaced ? ref.namespace || namespace : "";
  if (ref.name) {
    const entry = api.store.find(kind.bucket, keyOf(where, ref.name));
    return entry ? [get(entry)] : [];
  }
  const selector = (ref.selector ?? {}) as LabelSelectorObject;
  return api.store
    .list(kind.bucket, where || undefined)
    .map(get)
    .filter((object) => matchesSelector(selector, object.metadata.labels ?? {}));
}
