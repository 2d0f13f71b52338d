import type { Ledger, RoleRecord, TierRecord } from "../../ledger/ledger.ts";
import { specOf } from "../standing.ts";

/** The tiers that a role names, each once, in the order of its slots. */
export function tierNamesOf(role: RoleRecord): readonly string[] {
  return [...new Set(Object.values(specOf(role).modelTiers ?? {}))];
}

/** What judging a model call needs to know about its tier. */
export interface TierFacts {
  /** Undefined: no such ModelTier. */
  readonly tier: TierRecord | undefined;
  /** Named by the pinned role (or a fallback of one that is), and still named by the role as it is now. */
  readonly entitled: boolean;
}

/**
 * Finds a tier and whether this run may use it. Rights are pinned ∩ current: a tier that the role has dropped since is
 * refused; one that it gained since is not yet open to this run.
 */
export async function findTier(
  name: string,
  roles: { readonly pinned: RoleRecord; readonly current: RoleRecord | undefined },
  ledger: Ledger,
): Promise<TierFacts> {
  const tier = await ledger.catalog.findTier(name);
  const pinned = await reaches(name, tierNamesOf(roles.pinned), ledger);
  const current = roles.current !== undefined && (await reaches(name, tierNamesOf(roles.current), ledger));
  return { tier, entitled: pinned && current };
}

async function reaches(name: string, named: readonly string[], ledger: Ledger): Promise<boolean> {
  if (named.includes(name)) return true;
  // One level: a fallback of a fallback would let a tier's owner widen roles at a distance.
  for (const primary of named) {
    const tier = await ledger.catalog.findTier(primary);
    if (tier?.fallbacks.includes(name)) return true;
  }
  return false;
}

/** Tiers that a run may use now, for GET /v1/models. */
export async function listTiers(
  roles: { readonly pinned: RoleRecord; readonly current: RoleRecord | undefined },
  namespace: string,
  ledger: Ledger,
): Promise<readonly TierRecord[]> {
  const all = new Map((await ledger.catalog.listTiers()).map((tier) => [tier.name, tier]));
  const open = (role: RoleRecord | undefined) => {
    const named = role ? tierNamesOf(role) : [];
    return new Set(named.flatMap((name) => [name, ...(all.get(name)?.fallbacks ?? [])]));
  };
  const pinned = open(roles.pinned);
  const current = open(roles.current);
  return [...all.values()].filter(
    (tier) => pinned.has(tier.name) && current.has(tier.name) && tier.ready && allowsNamespace(tier, namespace),
  );
}

/** Whether the tier's owner lets this namespace use it. */
export function allowsNamespace(tier: TierRecord, namespace: string): boolean {
  return tier.namespaces === undefined || tier.namespaces.includes(namespace);
}
