import type { KindRef } from "../../api/kinds.ts";
import type { Access } from "./reconciler.ts";

const entry = (kind: KindRef, verbs: readonly string[], subresource = ""): Access => ({
  component: "controller",
  group: kind.group,
  resource: `${kind.plural}${subresource}`,
  verbs,
  namespaced: kind.namespaced,
});

/** What following a kind takes. */
export function reads(kind: KindRef): readonly Access[] {
  return [entry(kind, ["get", "list", "watch"])];
}

/** What driving a kind takes: reading it, its finalizers and annotations, and its status. */
export function driven(kind: KindRef): readonly Access[] {
  // `finalizers`: clusters with OwnerReferencesPermissionEnforcement ask for it before an owner may be blocked.
  return [
    entry(kind, ["get", "list", "watch", "patch"]),
    entry(kind, ["patch"], "/status"),
    entry(kind, ["update"], "/finalizers"),
  ];
}

/** Further verbs on a kind. */
export function may(kind: KindRef, ...verbs: readonly string[]): readonly Access[] {
  return [entry(kind, verbs)];
}
