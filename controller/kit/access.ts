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
  return [entry(kind, ["list", "watch"])];
}

/**
 * What driving a kind takes: following it, its finalizers and annotations, and its status. No `finalizers` subresource: no
 * owner reference of ours blocks its owner, which is what OwnerReferencesPermissionEnforcement asks it for.
 */
export function driven(kind: KindRef): readonly Access[] {
  return [entry(kind, ["list", "watch", "patch"]), entry(kind, ["patch"], "/status")];
}

/** Further verbs on a kind. */
export function may(kind: KindRef, ...verbs: readonly string[]): readonly Access[] {
  return [entry(kind, verbs)];
}

/** Verbs on a kind in Roster's own namespace only. */
export function mayAtHome(kind: KindRef, ...verbs: readonly string[]): readonly Access[] {
  return [{ ...entry(kind, verbs), only: "roster-system" }];
}

/** Verbs on certain objects of a kind in Roster's own namespace. */
export function mayAtHomeOnly(kind: KindRef, names: readonly string[], ...verbs: readonly string[]): readonly Access[] {
  return [{ ...entry(kind, verbs), only: "roster-system", names }];
}
