import { isDeepStrictEqual } from "node:util";
import { toRfc3339 } from "../../lib/clock.ts";
import type { Api } from "../rest/api.ts";
import { trackFields } from "../rest/fields.ts";
import { type Change, type KubeObject, keyOf, parse } from "../store/entry.ts";
import { bucketOf, type CrdNames, type CrdSpec, customKinds, specOf } from "./custom.ts";
import { crdBucket } from "./definition-names.ts";
import { forgetSchema, recordSchema, schemaSince } from "./schema-record.ts";

interface CrdCondition {
  readonly type: string;
  readonly status: string;
  readonly lastTransitionTime: string;
  readonly reason: string;
  readonly message: string;
}

/**
 * Keeps the registry in step with the CustomResourceDefinitions in the store, and their status in step with it: names
 * accepted or in conflict, established, stored versions. Returns when those already stored are served.
 */
export async function serveDefinitions(api: Api): Promise<Disposable> {
  const following = api.store.subscribe((change) => {
    if (change.entry.bucket !== crdBucket) return undefined;
    return react(api, change).catch((error: unknown) =>
      api.log.error("cannot follow a CustomResourceDefinition", { name: change.entry.key, error: String(error) }),
    );
  });
  for (const entry of api.store.list(crdBucket)) await settle(api, parse(entry), entry.revision);
  return following;
}

async function react(api: Api, change: Change): Promise<void> {
  const crd = parse(change.entry);
  if (change.type !== "DELETED") return settle(api, crd, change.entry.revision);
  api.registry.setCustom(crd.metadata.name, []);
  api.watches.end(bucketOf(specOf(crd)));
  await forgetSchema(api.store, crd.metadata.name);
  // Another definition may have waited for these names.
  for (const entry of api.store.list(crdBucket)) await settle(api, parse(entry), entry.revision);
}

async function settle(api: Api, crd: KubeObject, revision: number): Promise<void> {
  const { name } = crd.metadata;
  const status = statusFor(api, crd);
  const established = status.conditions.some(({ type, status: value }) => type === "Established" && value === "True");
  const served = { ...crd, status };
  const settled = isDeepStrictEqual(crd.status, status);
  // Served no sooner than its status says so; that status, once stored, comes by here again.
  if (settled) {
    api.registry.setCustom(name, established ? customKinds(served, schemaSince(api.store, crd, revision)) : []);
  }
  await recordSchema(api.store, crd, revision).catch((error: unknown) =>
    api.log.warn("cannot remember the schema of a CustomResourceDefinition", { name, error: String(error) }),
  );
  if (settled) return;
  await api.store
    .write(crdBucket, keyOf(undefined, name), (current) => {
      if (!current) return { keep: crd };
      const next = { ...structuredClone(current), status: statusFor(api, current) };
      if (isDeepStrictEqual(current.status, next.status)) return { keep: current };
      const kind = api.registry.ofBucket(crdBucket);
      const now = toRfc3339(api.clock.now());
      if (kind) trackFields(kind, current, next, { manager: "kube-apiserver", subresource: "status", now });
      return { put: next };
    })
    .catch((error: unknown) =>
      api.log.warn("cannot write the status of a CustomResourceDefinition", { name, error: String(error) }),
    );
}

function statusFor(api: Api, crd: KubeObject) {
  const spec = specOf(crd);
  const before = (crd.status ?? {}) as {
    conditions?: CrdCondition[];
    storedVersions?: string[];
    acceptedNames?: CrdNames;
  };
  const now = toRfc3339(api.clock.now());
  const clash = clashOf(api, crd, spec);
  const storage = spec.versions.find((version) => version.storage)?.name ?? "";
  const condition = (type: string, value: boolean, reason: string, message: string): CrdCondition => {
    const status = value ? "True" : "False";
    const old = before.conditions?.find((one) => one.type === type);
    const lastTransitionTime = old?.status === status ? old.lastTransitionTime : now;
    return { type, status, lastTransitionTime, reason, message };
  };
  const wasEstablished =
    before.conditions?.some(({ type, status }) => type === "Established" && status === "True") ?? false;
  const others = (before.conditions ?? []).filter(({ type }) => type !== "NamesAccepted" && type !== "Established");
  const kept = wasEstablished ? (before.acceptedNames ?? completeNames(spec.names)) : { plural: "", kind: "" };
  return {
    conditions: [
      clash
        ? condition("NamesAccepted", false, clash.reason, clash.message)
        : condition("NamesAccepted", true, "NoConflicts", "no conflicts found"),
      clash && !wasEstablished
        ? condition("Established", false, "NotAccepted", "not all names are accepted")
        : condition("Established", true, "InitialNamesAccepted", "the initial names have been accepted"),
      ...others,
    ],
    acceptedNames: clash ? kept : completeNames(spec.names),
    storedVersions: [...new Set([...(before.storedVersions ?? []), storage])],
  };
}

function completeNames(names: CrdNames): CrdNames {
  return {
    ...names,
    singular: names.singular ?? names.kind.toLowerCase(),
    listKind: names.listKind ?? `${names.kind}List`,
  };
}

function clashOf(api: Api, crd: KubeObject, spec: CrdSpec): { reason: string; message: string } | undefined {
  const names = completeNames(spec.names);
  const resources = [names.plural, names.singular!, ...(names.shortNames ?? [])];
  for (const entry of api.store.list(crdBucket)) {
    const other = parse(entry);
    const accepted = (other.status as { acceptedNames?: CrdNames } | undefined)?.acceptedNames;
    if (other.metadata.name === crd.metadata.name || specOf(other).group !== spec.group || !accepted?.plural) continue;
    const taken = new Set([accepted.plural, accepted.singular, ...(accepted.shortNames ?? [])]);
    const clash = resources.find((name) => taken.has(name));
    if (clash) return { reason: "NamesConflict", message: `"${clash}" is already in use` };
    const kinds = [accepted.kind, accepted.listKind];
    if (kinds.includes(names.kind)) return { reason: "KindConflict", message: `"${names.kind}" is already in use` };
    if (kinds.includes(names.listKind))
      return { reason: "ListKindConflict", message: `"${names.listKind}" is already in use` };
  }
  return undefined;
}
