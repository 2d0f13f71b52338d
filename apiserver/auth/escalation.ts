import { canonicalJson, type Json } from "../../lib/json.ts";
import { forbidden, notFound } from "../http/status.ts";
import { about } from "../kinds/kind.ts";
import type { AdmissionRequest, Api, User } from "../rest/api.ts";
import type { KubeObject } from "../store/entry.ts";
import type { PolicyRule } from "./policy-rule.ts";
import { covers, rbacBuckets, tellMissing } from "./rbac.ts";

const group = "rbac.authorization.k8s.io";

/**
 * Refuses a role or binding that gives more than its writer has, unless the writer may `escalate` that role or `bind`
 * that role. Throws 403 in Kubernetes' words.
 */
export function checkEscalation(api: Omit<Api, "admit">, request: AdmissionRequest): void {
  const { kind, operation, object, user } = request;
  if (kind.group !== group || operation === "DELETE" || !object || user.groups.includes("system:masters")) return;
  if (operation === "UPDATE" && request.oldObject && onlyCollects(object, request.oldObject)) return;
  const isBinding = kind.bucket === rbacBuckets.roleBindings || kind.bucket === rbacBuckets.clusterRoleBindings;
  // Whoever may bind a role may do so before there is one.
  if (mayAnyway(api, request, object, isBinding)) return;
  const granted = isBinding ? boundRules(api, request, object) : ((object["rules"] ?? []) as PolicyRule[]);
  const { rules: held, missing } = api.authorizer.rules(user, request.namespace);
  const lacking = granted.flatMap(split).filter((rule) => !isHeld(rule, held, user));
  if (lacking.length === 0) return;
  const groups = user.groups.map((name) => JSON.stringify(name)).join(" ");
  const list = compact(lacking).map(show).sort().join("\n");
  // A cluster names the roles that it misses as what is written.
  const unresolved = missing.length > 0 ? `; resolution errors: [${tellMissing(missing, kind.plural)}]` : "";
  throw forbidden(
    about(kind),
    request.name,
    `user ${JSON.stringify(user.name)} (groups=[${groups}]) is attempting to grant RBAC permissions not currently held:\n${list}${unresolved}`,
  );
}

/** True where only what the garbage collector moves has moved: it may take a finalizer off a role that it does not hold. */
function onlyCollects(object: KubeObject, before: KubeObject): boolean {
  const rest = ({ metadata, ...fields }: KubeObject) => {
    const { finalizers: _f, ownerReferences: _o, managedFields: _m, resourceVersion: _r, ...kept } = metadata;
    return canonicalJson({ ...fields, metadata: kept } as unknown as Json);
  };
  return rest(object) === rest(before);
}

function boundRules(
  api: Omit<Api, "admit">,
  { kind: bound, namespace }: AdmissionRequest,
  binding: KubeObject,
): readonly PolicyRule[] {
  const { kind, name } = binding["roleRef"] as { kind: string; name: string };
  const bucket = kind === "ClusterRole" ? rbacBuckets.clusterRoles : rbacBuckets.roles;
  const entry = api.store.find(bucket, kind === "ClusterRole" ? name : `${namespace}/${name}`);
  // A cluster names the role that it misses as a binding.
  if (!entry) throw notFound(about(bound), name);
  return (JSON.parse(entry.bytes.toString()) as { rules?: PolicyRule[] }).rules ?? [];
}

function mayAnyway(
  api: Omit<Api, "admit">,
  request: AdmissionRequest,
  object: KubeObject,
  isBinding: boolean,
): boolean {
  const { user, namespace, kind } = request;
  const roleRef = (object["roleRef"] ?? {}) as { kind?: string; name?: string };
  const attributes = isBinding
    ? { verb: "bind", resource: roleRef.kind === "ClusterRole" ? "clusterroles" : "roles", name: roleRef.name ?? "" }
    : { verb: "escalate", resource: kind.plural, name: request.name };
  return api.authorizer.decide({ user, group, version: "v1", namespace, ...attributes }).allowed;
}

/** A rule as the smallest rules that together say the same. */
function split(rule: PolicyRule): PolicyRule[] {
  const { verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
  const names = resourceNames.length > 0 ? resourceNames : [undefined];
  return verbs.flatMap((verb) => [
    ...nonResourceURLs.map((url) => ({ verbs: [verb], nonResourceURLs: [url] })),
    ...apiGroups.flatMap((one) =>
      resources.flatMap((resource) =>
        names.map((name) => ({
          verbs: [verb],
          apiGroups: [one],
          resources: [resource],
          ...(name === undefined ? {} : { resourceNames: [name] }),
        })),
      ),
    ),
  ]);
}

function isHeld(rule: PolicyRule, held: readonly PolicyRule[], user: User): boolean {
  const verb = rule.verbs[0]!;
  const [path] = rule.nonResourceURLs ?? [];
  if (path !== undefined) return held.some((one) => covers(one, { user, verb, path }));
  const [resource = "", subresource = ""] = rule.resources![0]!.split("/");
  const name = rule.resourceNames?.[0];
  const question = { user, verb, group: rule.apiGroups![0]!, resource, subresource };
  return held.some((one) => {
    // A grant for all names is only held by a rule for all names.
    if (name === undefined && (one.resourceNames ?? []).length > 0) return false;
    return covers(one, name === undefined ? question : { ...question, name });
  });
}

/** Joins the verbs of otherwise equal rules, as the real message does. */
function compact(rules: readonly PolicyRule[]): PolicyRule[] {
  const keyOf = ({ verbs: _verbs, ...rest }: PolicyRule) => JSON.stringify(rest);
  return [...Map.groupBy(rules, keyOf).values()].map((same) => ({
    ...same[0]!,
    verbs: same.flatMap(({ verbs }) => verbs),
  }));
}

function show(rule: PolicyRule): string {
  const list = (items: readonly string[] = []) => `[${items.map((item) => JSON.stringify(item)).join(" ")}]`;
  if (rule.nonResourceURLs) return `{NonResourceURLs:${list(rule.nonResourceURLs)}, Verbs:${list(rule.verbs)}}`;
  const names = rule.resourceNames ? `, ResourceNames:${list(rule.resourceNames)}` : "";
  return `{APIGroups:${list(rule.apiGroups)}, Resources:${list(rule.resources)}${names}, Verbs:${list(rule.verbs)}}`;
}
