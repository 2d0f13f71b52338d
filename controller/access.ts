import { admissionObjects } from "../api/generated/admission.ts";
import { kinds } from "../api/kinds.ts";
import { ledgerMark } from "../kube/ledger-mark.ts";
import { may, mayAtHome, mayAtHomeOnly } from "./kit/access.ts";
import type { Access } from "./kit/reconciler.ts";
import { definitionOf } from "./presence.ts";
import { reconcilers } from "./reconcilers.ts";

/** Kinds whose absence has effects. */
const narrowed = reconcilers({ on: async () => undefined })
  .filter(({ narrow }) => narrow !== undefined)
  .map(({ kind }) => kind);

/** Every right that the controller needs, from what its reconcilers declare; the shipped RBAC is generated from this. */
export const access: readonly Access[] = [
  ...reconcilers({ on: async () => undefined }).flatMap((reconciler) => reconciler.access),
  ...may(kinds.Event, "create", "patch"),
  // Whether something that is missing from a list is really gone is asked by its name, and of its definition.
  ...narrowed.flatMap((kind) => may(kind, "get")),
  ...may(kinds.CustomResourceDefinition, "get").map((right) => ({ ...right, names: narrowed.map(definitionOf) })),
  // Shows who leads; nothing depends on it.
  ...mayAtHome(kinds.Lease, "create", "patch"),
  // Which cluster this is, and what it remembers of its ledger.
  ...may(kinds.Namespace, "get"),
  ...mayAtHome(kinds.Namespace, "get"),
  ...mayAtHome(kinds.ConfigMap, "create"),
  ...mayAtHomeOnly(kinds.ConfigMap, [ledgerMark.name], "get", "patch"),
  // Whether the shipped admission policies are still those that are installed.
  ...[kinds.ValidatingAdmissionPolicy, kinds.ValidatingAdmissionPolicyBinding].flatMap((kind) =>
    may(kind, "get").map((right) => ({
      ...right,
      names: admissionObjects.filter((one) => one.kind === kind.kind).map((one) => one.metadata.name),
    })),
  ),
];
