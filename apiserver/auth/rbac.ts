import { isObject } from "../../lib/json.ts";
import type { AccessDecision, Attributes, Authorizer, User } from "../rest/api.ts";
import { type Entry, type KubeObject, parse } from "../store/entry.ts";
import type { Store } from "../store/store.ts";
import type { PolicyRule } from "./policy-rule.ts";

export interface Subject {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
  readonly apiGroup?: string;
}

interface Binding {
  readonly name: string;
  readonly namespace: string;
  readonly subjects: readonly Subject[];
  readonly roleRef: { readonly kind: string; readonly name: string };
}

/** Rules that one binding grants, with the sentence that explains it. */
export interface Grant {
  readonly rules: readonly PolicyRule[];
  readonly namespace: string;
  readonly because: (subject: Subject) => string;
  readonly subject: Subject;
}

const group = "rbac.authorization.k8s.io";
export const rbacBuckets = {
  roles: `${group}/roles`,
  clusterRoles: `${group}/clusterroles`,
  roleBindings: `${group}/rolebindings`,
  clusterRoleBindings: `${group}/clusterrolebindings`,
} as const;

/**
 * Role-based access control over the Role, ClusterRole and binding objects in the store, as kube-apiserver evaluates
 * them: additive, deny by default. Members of system:masters may do anything.
 */
export class RbacAuthorizer implements Authorizer {
  readonly #store: Store;
  // Parsed forms, dropped with the entry they came from.
  readonly #parsed = new WeakMap<Entry, KubeObject>();

  constructor(store: Store) {
    this.#store = store;
  }

  decide(attributes: Attributes): AccessDecision {
    if (attributes.user.groups.includes("system:masters")) return { allowed: true, reason: "" };
    for (const grant of this.grants(attributes.user, attributes.namespace ?? "")) {
      if (grant.rules.some((rule) => covers(rule, attributes)))
        return { allowed: true, reason: grant.because(grant.subject) };
    }
    return { allowed: false, reason: "" };
  }

  rules(user: User, namespace: string): readonly PolicyRule[] {
    return [...this.grants(user, namespace)].flatMap((grant) => grant.rules);
  }

  /** All grants of a user: those of ClusterRoleBindings, and of RoleBindings in the namespace where one is given. */
  *grants(user: User, namespace: string): Generator<Grant> {
    yield* this.#grantsOf(rbacBuckets.clusterRoleBindings, "", user);
    if (namespace) yield* this.#grantsOf(rbacBuckets.roleBindings, namespace, user);
  }

  /** The rules of a role that a binding refers to; none when it does not exist. */
  rulesOf(kind: string, name: string, namespace: string): readonly PolicyRule[] {
    const entry =
      kind === "ClusterRole"
        ? this.#store.find(rbacBuckets.clusterRoles, name)
        : this.#store.find(rbacBuckets.roles, `${namespace}/${name}`);
    if (!entry) return [];
    const rules = this.#object(entry)["rules"];
    return Array.isArray(rules) ? (rules as PolicyRule[]) : [];
  }

  *#grantsOf(bucket: string, namespace: string, user: User): Generator<Grant> {
    for (const entry of this.#store.list(bucket, namespace || undefined)) {
      const binding = this.#binding(entry);
      const subject = binding.subjects.find((one) => names(one, user, namespace));
      if (!subject) continue;
      const { kind, name } = binding.roleRef;
      const which = namespace ? `RoleBinding "${binding.name}/${namespace}"` : `ClusterRoleBinding "${binding.name}"`;
      yield {
        rules: this.rulesOf(kind, name, namespace),
        namespace,
        subject,
        because: (granted) => `RBAC: allowed by ${which} of ${kind} "${name}" to ${describe(granted)}`,
      };
    }
  }

  #binding(entry: Entry): Binding {
    const object = this.#object(entry);
    const { name, namespace = "" } = object.metadata;
    const subjects = Array.isArray(object["subjects"]) ? (object["subjects"] as Subject[]) : [];
    const roleRef = isObject(object["roleRef"]) ? object["roleRef"] : {};
    return { name, namespace, subjects, roleRef: roleRef as unknown as Binding["roleRef"] };
  }

  #object(entry: Entry): KubeObject {
    const found = this.#parsed.get(entry);
    if (found) return found;
    const made = parse(entry);
    this.#parsed.set(entry, made);
    return made;
  }
}

function names(subject: Subject, user: User, bindingNamespace: string): boolean {
  if (subject.kind === "User") return subject.name === user.name;
  if (subject.kind === "Group") return user.groups.includes(subject.name);
  if (subject.kind !== "ServiceAccount") return false;
  return user.name === `system:serviceaccount:${subject.namespace || bindingNamespace}:${subject.name}`;
}

function describe(subject: Subject): string {
  if (subject.kind === "ServiceAccount") return `ServiceAccount "${subject.name}/${subject.namespace ?? ""}"`;
  return `${subject.kind} "${subject.name}"`;
}

/** Whether one rule allows one request. */
export function covers(rule: PolicyRule, attributes: Attributes): boolean {
  if (!has(rule.verbs, attributes.verb)) return false;
  const { path } = attributes;
  if (path !== undefined) {
    return (rule.nonResourceURLs ?? []).some(
      (pattern) =>
        pattern === "*" || pattern === path || (pattern.endsWith("*") && path.startsWith(pattern.slice(0, -1))),
    );
  }
  const names = rule.resourceNames ?? [];
  return (
    has(rule.apiGroups, attributes.group ?? "") &&
    coversResource(rule.resources ?? [], attributes.resource ?? "", attributes.subresource ?? "") &&
    (names.length === 0 || names.includes(attributes.name ?? ""))
  );
}

function coversResource(resources: readonly string[], resource: string, subresource: string): boolean {
  const whole = subresource ? `${resource}/${subresource}` : resource;
  return resources.some((one) => one === "*" || one === whole || (subresource !== "" && one === `*/${subresource}`));
}

function has(list: readonly string[] | undefined, item: string): boolean {
  return list !== undefined && (list.includes("*") || list.includes(item));
}
