import { reviewResources } from "../discovery/reviews.ts";
import { builtinKindNames } from "./builtin.ts";
import type { ServedKind } from "./kind.ts";

const beta = ["v1alpha1", "v1beta1"];

// Versions that a cluster reads and does not serve any more, or not by default.
const olderVersions: Readonly<Record<string, readonly string[]>> = {
  "authentication.k8s.io/SelfSubjectReview": beta,
  "authentication.k8s.io/TokenReview": ["v1beta1"],
  "authorization.k8s.io/LocalSubjectAccessReview": ["v1beta1"],
  "authorization.k8s.io/SelfSubjectAccessReview": ["v1beta1"],
  "authorization.k8s.io/SelfSubjectRulesReview": ["v1beta1"],
  "authorization.k8s.io/SubjectAccessReview": ["v1beta1"],
  "rbac.authorization.k8s.io/Role": beta,
  "rbac.authorization.k8s.io/ClusterRole": beta,
  "rbac.authorization.k8s.io/RoleBinding": beta,
  "rbac.authorization.k8s.io/ClusterRoleBinding": beta,
  "coordination.k8s.io/Lease": ["v1beta1"],
  "events.k8s.io/Event": ["v1beta1"],
  "admissionregistration.k8s.io/ValidatingAdmissionPolicy": beta,
  "admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding": beta,
  "apiextensions.k8s.io/CustomResourceDefinition": ["v1beta1"],
};
const eventVersions = ["v1", "events.k8s.io/v1", "events.k8s.io/v1beta1"];

/** Whether a cluster could read an object of this apiVersion as one of the kind, and refuses it for its version alone. */
export function isOtherVersion(
  kind: ServedKind,
  object: { readonly apiVersion: string; readonly kind: string },
): boolean {
  if (object.kind !== kind.kind) return false;
  if (kind.kind === "Event" && eventVersions.includes(object.apiVersion)) return true;
  const older = olderVersions[`${kind.group}/${kind.kind}`] ?? [];
  return older.some((version) => object.apiVersion === `${kind.group}/${version}`);
}

// Go types that every version of every group has.
const options = ["Create", "Delete", "Get", "List", "Patch", "Update"].map((verb) => `${verb}Options`);
const stored = [...builtinKindNames];
const groupVersions = new Set(stored.map((name) => name.slice(0, name.lastIndexOf("/"))));

/** `apiVersion/Kind` of what a cluster can read at all, as far as the groups served here go. */
export const knownKinds: ReadonlySet<string> = new Set([
  ...stored.flatMap((name) => (name === "v1/List" ? [name] : [name, `${name}List`])),
  ...reviewResources.map(({ group, kind }) => `${group}/v1/${kind}`),
  ...[...groupVersions].flatMap((version) => options.map((name) => `${version}/${name}`)),
  "v1/Status",
]);
