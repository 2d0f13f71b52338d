import { sha256 } from "../../lib/ids.ts";
import { apiVersion, type ServedKind } from "../kinds/kind.ts";
import type { Registry } from "../kinds/registry.ts";
import { reviewResources } from "./reviews.ts";

/** One resource as discovery lists it: a stored kind, or a review that only answers. */
export interface Listed {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly listedVerbs?: readonly string[];
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly subresources: ServedKind["subresources"];
  readonly stored: boolean;
  /** The group version that its objects are stored as. */
  readonly storedAs?: string;
}

/** All resources of a group version in order of their plural. */
export function resourcesIn(registry: Registry, group: string, version: string): Listed[] {
  const stored = registry.inVersion(group, version).map((kind) => ({ ...kind, stored: true }));
  const reviews = reviewResources.filter((one) => one.group === group && one.version === version);
  return [...stored, ...reviews].sort((a, b) => (a.plural < b.plural ? -1 : 1));
}

/** Named groups (not the core one), those that only hold reviews included. */
export function namedGroups(registry: Registry): { readonly group: string; readonly versions: readonly string[] }[] {
  const groups = registry.groups().filter(({ group }) => group !== "");
  const more = [...new Set(reviewResources.map(({ group }) => group))].filter(
    (group) => !groups.some((one) => one.group === group),
  );
  return [...groups, ...more.map((group) => ({ group, versions: ["v1"] }))];
}

/** `GET /api` */
export function apiVersions(address: string): object {
  return {
    kind: "APIVersions",
    versions: ["v1"],
    serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress: address }],
  };
}

/** `GET /apis` */
export function apiGroupList(registry: Registry): object {
  const groups = namedGroups(registry).map(({ group, versions }) => groupOf(group, versions));
  return { kind: "APIGroupList", apiVersion: "v1", groups };
}

/** `GET /apis/{group}`; undefined when nothing is served there. */
export function apiGroup(registry: Registry, name: string): object | undefined {
  const found = namedGroups(registry).find(({ group }) => group === name);
  return found && { kind: "APIGroup", apiVersion: "v1", ...groupOf(found.group, found.versions) };
}

function groupOf(name: string, versions: readonly string[]) {
  const list = versions.map((version) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions: list, preferredVersion: list[0]! };
}

/** `GET /api/v1` and `GET /apis/{group}/{version}`; undefined when nothing is served there. */
export function apiResourceList(registry: Registry, group: string, version: string): object | undefined {
  const resources = resourcesIn(registry, group, version).flatMap((listed) => [
    {
      name: listed.plural,
      singularName: listed.singular,
      namespaced: listed.namespaced,
      kind: listed.kind,
      verbs: listed.listedVerbs ?? listed.verbs,
      ...(listed.shortNames.length > 0 ? { shortNames: listed.shortNames } : {}),
      ...(listed.categories.length > 0 ? { categories: listed.categories } : {}),
      ...(listed.stored ? { storageVersionHash: storageHash(listed) } : {}),
    },
    ...listed.subresources.map((sub) => ({
      name: `${listed.plural}/${sub.name}`,
      singularName: "",
      namespaced: listed.namespaced,
      ...(sub.kind ? { group: sub.kind.group, version: sub.kind.version } : {}),
      kind: sub.kind?.kind ?? listed.kind,
      verbs: sub.verbs,
    })),
  ]);
  if (resources.length === 0) return undefined;
  // Of the core group, whose list is older than versions of lists are.
  const version1 = group === "" ? {} : { apiVersion: "v1" };
  return { kind: "APIResourceList", ...version1, groupVersion: apiVersion({ group, version }), resources };
}

// Of the form in which objects are stored, which for the newer Event API is the older one's.
function storageHash({ group, version, kind, storedAs = apiVersion({ group, version }) }: Listed): string {
  const [storage = "", storageGroup = ""] = storedAs.split("/").reverse();
  return Buffer.from(sha256(`${storageGroup}/${storage}/${kind}`), "hex")
    .subarray(0, 8)
    .toString("base64");
}

/** The aggregated form, for `/api` (the core group) or `/apis` (the others). */
export function aggregated(registry: Registry, core: boolean, version: string): object {
  const groups = core ? [{ group: "", versions: ["v1"] }] : namedGroups(registry);
  const items = groups.map(({ group, versions }) => ({
    metadata: { ...(group ? { name: group } : {}), creationTimestamp: null },
    versions: versions.map((one) => ({
      version: one,
      resources: resourcesIn(registry, group, one).map(aggregatedResource),
      freshness: "Current",
    })),
  }));
  return { kind: "APIGroupDiscoveryList", apiVersion: `apidiscovery.k8s.io/${version}`, metadata: {}, items };
}

function aggregatedResource(listed: Listed): object {
  const responseKind = { group: listed.group, version: listed.version, kind: listed.kind };
  const subresources = listed.subresources.map((sub) => ({
    subresource: sub.name,
    responseKind: sub.kind ?? responseKind,
    verbs: sub.verbs,
  }));
  return {
    resource: listed.plural,
    responseKind,
    scope: listed.namespaced ? "Namespaced" : "Cluster",
    singularResource: listed.singular,
    verbs: listed.listedVerbs ?? listed.verbs,
    ...(listed.shortNames.length > 0 ? { shortNames: listed.shortNames } : {}),
    ...(listed.categories.length > 0 ? { categories: listed.categories } : {}),
    ...(subresources.length > 0 ? { subresources } : {}),
  };
}
