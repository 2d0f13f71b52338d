import type { JsonSchema } from "../schema/json-schema.ts";
import { type Atom, atomOfKind } from "./atom.ts";
import { checkTyped, misfitText } from "./check.ts";
import type { Managers } from "./managers.ts";

/** The versions of a custom kind by apiVersion: what managers of another one own is looked at in that one. */
export type KindVersions = ReadonlyMap<
  string,
  { readonly schema: JsonSchema; readonly hasStatus: boolean; readonly hasScale?: boolean }
>;

/** The versions of a kind as a write in one of them sees them. */
export interface Versions {
  /** Undefined for the version of the write itself. */
  atomOf(apiVersion: string): Atom | undefined;
  /** Whether /status resets there what it resets here; the main endpoint knows of its own version alone. */
  resetsIn(apiVersion: string, subresource: string): boolean;
  /** Why an object cannot be read in a version, in kube-apiserver's words. */
  misfit(object: unknown, apiVersion: string): string | undefined;
  /** The first such reason among the versions of all managers. */
  misfitOfAny(object: unknown, managers: Managers): string | undefined;
}

export function versionsOf(kindVersions: KindVersions, own: string): Versions {
  const atomOf = (apiVersion: string): Atom | undefined => {
    const version = apiVersion === own ? undefined : kindVersions.get(apiVersion);
    return version && atomOfKind(version.schema);
  };
  const misfit = (object: unknown, apiVersion: string): string | undefined => {
    if (apiVersion === own) return undefined;
    const atom = atomOf(apiVersion);
    if (!atom) return `request to convert CR to an invalid group/version: ${apiVersion}`;
    return misfitText(checkTyped(object, atom));
  };
  return {
    atomOf,
    resetsIn: (apiVersion, subresource) => subresource === "status" && kindVersions.get(apiVersion)?.hasStatus === true,
    misfit,
    misfitOfAny(object, managers) {
      for (const { apiVersion } of managers.values()) {
        const why = misfit(object, apiVersion);
        if (why !== undefined) return why;
      }
      return undefined;
    },
  };
}
