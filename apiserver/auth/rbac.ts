import { isObject } from "../../lib/json.ts";
import type { AccessDecision, Attributes, Authorizer, MissingRole, User, UserRules } from "../rest/api.ts";
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

/** What one binding gives a user: rules, with the sentence that explains them, or nothing as its role is missing. */
export type Grant =
  | { readonly rules: readonly PolicyRule[]; readonly because: () => string }
  | { readonly missing: MissingRole };

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
    const missing: MissingRole[] = [];
    for (const grant of this.grants(attributes.user, attributes.namespace ?? "")) {
      if ("missing" in grant) missing.push(grant.missing);
      else if (grant.rules.some((rule) => covers(rule, attributes))) return { allowed: true, reason: grant.because() };
    }
    return { allowed: false, reason: missing.length > 0 ? `RBAC: ${tellMissing(missing)}` : "" };
  }

  rules(user: User, namespace: string): UserRules {
    const grants = [...this.grants(user, namespace)];
    return {
      rules: grants.flatMap((grant) => ("missing" in grant ? [] : grant.rules)),
      missing: grants.flatMap((grant) => ("missing" in grant ? [grant.missing] : [])),
    };
  }

  /** All grants of a user: those of ClusterRoleBindings, and of RoleBindings in the namespace where one is given. */
  *grants(user: User, namespace: string): Generator<Grant> {
    yield* this.#grantsOf(rbacBuckets.clusterRoleBindings, "", user);
    if (namespace) yield* this.#grantsOf(rbacBuckets.roleBindings, namespace, user);
  }

  #rulesOf({ kind, name }: Binding["roleRef"], namespace: string): readonly PolicyRule[] | undefined {
    const entry =
      kind === "ClusterRole"
        ? this.#store.find(rbacBuckets.clusterRoles, name)
        : this.#store.find(rbacBuckets.roles, `${namespace}/${name}`);
    if (!entry) return undefined;
    const rules = this.#object(entry)["rules"];
    return Array.isArray(rules) ? (rules as PolicyRule[]) : [];
  }

  *#grantsOf(bucket: string, namespace: string, user: User): Generator<Grant> {
    for (const entry of this.#store.list(bucket, namespace || undefined)) {
      const binding = this.#binding(entry);
      const subject = binding.subjects.find((one) => names(one, user, namespace));
      if (!subject) continue;
      const { kind, name } = binding.roleRef;
      const rules = this.#rulesOf(binding.roleRef, namespace);
      if (!rules) {
        yield { missing: { kind, name } };
        continue;
      }
      const which = namespace ? `RoleBinding "${binding.name}/${namespace}"` : `ClusterRoleBinding "${binding.name}"`;
      yield {
        rules,
        because: () => `RBAC: allowed by ${which} of ${kind} "${name}" to ${describe(subject, namespace)}`,
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

function describe(subject: Subject, bindingNamespace: string): string {
  if (subject.kind === "ServiceAccount")
    return `ServiceAccount "${subject.name}/${subject.namespace || bindingNamespace}"`;
  return `${subject.kind} "${subject.name}"`;
}

/** The missing roles as a cluster tells of them, each once; `resource` where it calls all of them something else. */
export function tellMissing(missing: readonly MissingRole[], resource?: string): string {
  const texts = new Set(
    missing.map(({ kind, name }) => `${resource ?? kind.toLowerCase()}.${group} ${JSON.stringify(name)} not found`),
  );
  const all = [...texts].join(", ");
  return texts.size === 1 ? all : `[${all}]`;
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
