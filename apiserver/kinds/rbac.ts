import { isDeepStrictEqual } from "node:util";
import { isObject } from "../../lib/json.ts";
import { type FieldError, fieldError } from "../http/status.ts";
import type { KubeObject } from "../store/entry.ts";
import type { Strategy } from "./kind.ts";
import { checkLabels } from "./metadata.ts";
import { checkPathSegment, checkSubdomain } from "./names.ts";

const group = "rbac.authorization.k8s.io";
const text = (value: unknown) => (typeof value === "string" ? value : "");
const objects = (value: unknown) => (Array.isArray(value) ? value.filter(isObject) : []);
const filled = (value: unknown): value is readonly unknown[] => Array.isArray(value) && value.length > 0;

/** Roles and ClusterRoles: every rule says what it grants. */
export const roles: Partial<Strategy> = {
  defaults(object) {
    if (!filled(object.rules)) object.rules = null;
  },
  validate: (next) => [
    ...aggregationErrors(next.aggregationRule),
    ...objects(next.rules).flatMap((rule, index) => ruleErrors(rule, `rules[${index}]`, next)),
  ],
};

function aggregationErrors(rule: unknown): FieldError[] {
  if (!isObject(rule)) return [];
  const at = "aggregationRule.clusterRoleSelectors";
  const selectors = objects(rule.clusterRoleSelectors);
  if (selectors.length === 0) {
    return [fieldError.required(at, "at least one clusterRoleSelector required if aggregationRule is non-nil")];
  }
  return selectors.flatMap(({ matchLabels }, index) => {
    const labels = isObject(matchLabels) ? (matchLabels as Record<string, string>) : {};
    const found = checkLabels(labels, `${at}[${index}].matchLabels`);
    return found.length === 0 ? [] : [...found, fieldError.invalid(`${at}[${index}]`, null, "invalid label selector.")];
  });
}

function ruleErrors(rule: Record<string, unknown>, at: string, { kind }: KubeObject): FieldError[] {
  const { verbs, nonResourceURLs, apiGroups, resources, resourceNames } = rule;
  const found: FieldError[] = [];
  if (!filled(verbs)) found.push(fieldError.required(`${at}.verbs`, "verbs must contain at least one value"));
  if (filled(nonResourceURLs)) {
    const wrong = (detail: string) => fieldError.invalid(`${at}.nonResourceURLs`, nonResourceURLs, detail);
    if (kind === "Role") found.push(wrong("namespaced rules cannot apply to non-resource URLs"));
    if (filled(apiGroups) || filled(resources) || filled(resourceNames)) {
      found.push(wrong("rules cannot apply to both regular resources and non-resource URLs"));
    }
    return found;
  }
  if (!filled(apiGroups)) {
    found.push(fieldError.required(`${at}.apiGroups`, "resource rules must supply at least one api group"));
  }
  if (!filled(resources)) {
    found.push(fieldError.required(`${at}.resources`, "resource rules must supply at least one resource"));
  }
  return found;
}

/** RoleBindings and ClusterRoleBindings: the role they name is for ever. */
export const bindings: Partial<Strategy> = {
  prepareCreate: withGroups,
  prepareUpdate: withGroups,
  validate(next, live) {
    const ref = isObject(next.roleRef) ? next.roleRef : {};
    const namespaced = next.kind === "RoleBinding";
    const found = [...refErrors(ref, namespaced ? ["Role", "ClusterRole"] : ["ClusterRole"])];
    for (const [index, subject] of objects(next.subjects).entries()) {
      found.push(...subjectErrors(subject, `subjects[${index}]`, namespaced));
    }
    if (live && !isDeepStrictEqual(live.roleRef, next.roleRef)) {
      const shown = { APIGroup: text(ref.apiGroup), Kind: text(ref.kind), Name: text(ref.name) };
      found.push(fieldError.invalid("roleRef", shown, "cannot change roleRef"));
    }
    return found;
  },
};

/** The API group may be left out wherever only one is possible. */
function withGroups(object: KubeObject): void {
  if (isObject(object.roleRef)) object.roleRef.apiGroup ||= group;
  for (const subject of objects(object.subjects)) {
    if (subject.kind === "User" || subject.kind === "Group") subject.apiGroup ||= group;
  }
}

function refErrors(ref: Record<string, unknown>, kinds: readonly string[]): FieldError[] {
  const found: FieldError[] = [];
  if (ref.apiGroup !== group) found.push(fieldError.notSupported("roleRef.apiGroup", text(ref.apiGroup), [group]));
  if (!kinds.includes(text(ref.kind))) found.push(fieldError.notSupported("roleRef.kind", text(ref.kind), kinds));
  const name = text(ref.name);
  if (!name) found.push(fieldError.required("roleRef.name"));
  for (const complaint of checkPathSegment(name)) found.push(fieldError.invalid("roleRef.name", name, complaint));
  return found;
}

function subjectErrors(subject: Record<string, unknown>, at: string, namespaced: boolean): FieldError[] {
  const found: FieldError[] = [];
  const name = text(subject.name);
  const given = text(subject.apiGroup);
  if (!name) found.push(fieldError.required(`${at}.name`));
  switch (subject.kind) {
    case "ServiceAccount":
      for (const complaint of name ? checkSubdomain(name) : []) {
        found.push(fieldError.invalid(`${at}.name`, name, complaint));
      }
      if (given) found.push(fieldError.notSupported(`${at}.apiGroup`, given, [""]));
      if (!namespaced && !subject.namespace) found.push(fieldError.required(`${at}.namespace`));
      return found;
    case "User":
    case "Group":
      if (given !== group) found.push(fieldError.notSupported(`${at}.apiGroup`, given, [group]));
      return found;
    default:
      found.push(fieldError.notSupported(`${at}.kind`, text(subject.kind), ["ServiceAccount", "User", "Group"]));
      return found;
  }
}
