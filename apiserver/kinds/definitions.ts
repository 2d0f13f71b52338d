import { isDeepStrictEqual } from "node:util";
import { toRfc3339 } from "../../lib/clock.ts";
import type { Api } from "../rest/api.ts";
import { trackFields } from "../rest/fields.ts";
import { type Change, type KubeObject, keyOf, parse } from "../store/entry.ts";
import { bucketOf, customKinds, specOf } from "./custom.ts";
import { isTrue } from "./definition-conditions.ts";
import { crdBucket } from "./definition-names.ts";
import { type DefinitionStatus, judgeStatus, statusOf } from "./definition-status.ts";
import { forgetSchema, recordSchema, schemaSince } from "./schema-record.ts";

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
  await settleOthers(api, crd);
}

async function settle(api: Api, crd: KubeObject, revision: number): Promise<void> {
  const { name } = crd.metadata;
  const status = statusFor(api, crd);
  const served = { ...crd, status };
  const settled = isDeepStrictEqual(crd.status, status);
  // Served no sooner than its status says so; that status, once stored, comes by here again.
  if (settled) {
    api.registry.setCustom(
      name,
      isTrue(served, "Established") ? customKinds(served, schemaSince(api.store, crd, revision)) : [],
    );
  }
  await recordSchema(api.store, crd, revision).catch((error: unknown) =>
    api.log.warn("cannot remember the schema of a CustomResourceDefinition", { name, error: String(error) }),
  );
  if (settled) return;
  let renamed = false;
  await api.store
    .write(crdBucket, keyOf(undefined, name), (current) => {
      if (!current) return { keep: crd };
      const next = { ...structuredClone(current), status: statusFor(api, current) };
      if (isDeepStrictEqual(current.status, next.status)) return { keep: current };
      const kind = api.registry.ofBucket(crdBucket);
      const now = toRfc3339(api.clock.now());
      renamed = !isDeepStrictEqual(statusOf(current).acceptedNames, next.status.acceptedNames);
      if (kind) trackFields(kind, current, next, { manager: "kube-apiserver", subresource: "status", now });
      return { put: next };
    })
    .catch((error: unknown) =>
      api.log.warn("cannot write the status of a CustomResourceDefinition", { name, error: String(error) }),
    );
  // Another definition may have waited for a name that this one no longer has.
  if (renamed) await settleOthers(api, crd);
}

async function settleOthers(api: Api, crd: KubeObject): Promise<void> {
  for (const { metadata } of othersOf(api, crd)) {
    const entry = api.store.find(crdBucket, keyOf(undefined, metadata.name));
    if (entry) await settle(api, parse(entry), entry.revision);
  }
}

function statusFor(api: Api, crd: KubeObject): DefinitionStatus {
  return judgeStatus(crd, othersOf(api, crd), toRfc3339(api.clock.now()));
}

/** The other definitions of its group. */
function othersOf(api: Api, crd: KubeObject): KubeObject[] {
  const { group } = specOf(crd);
  return api.store
    .list(crdBucket)
    .map((entry) => parse(entry))
    .filter((other) => other.metadata.name !== crd.metadata.name && specOf(other).group === group);
}
