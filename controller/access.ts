import { kinds } from "../api/kinds.ts";
import { ledgerMark } from "../kube/ledger-mark.ts";
import { may, mayAtHome, mayAtHomeOnly } from "./kit/access.ts";
import type { Access } from "./kit/reconciler.ts";
import { reconcilers } from "./reconcilers.ts";

/** Every right that the controller needs, from what its reconcilers declare; the shipped RBAC is generated from this. */
export const access: readonly Access[] = [
  ...reconcilers({ holdOn: () => undefined }).flatMap((reconciler) => reconciler.access),
  ...may(kinds.Event, "create", "patch"),
  // Whether a binding that is missing from the list is really gone is asked by its name.
  ...may(kinds.AgentBinding, "get"),
  // Shows who leads; nothing depends on it.
  ...mayAtHome(kinds.Lease, "create", "patch"),
  // Which cluster this is, and what it remembers of its ledger.
  ...may(kinds.Namespace, "get"),
  ...mayAtHome(kinds.Namespace, "get"),
  ...mayAtHome(kinds.ConfigMap, "create"),
  ...mayAtHomeOnly(kinds.ConfigMap, [ledgerMark.name], "get", "patch"),
];
