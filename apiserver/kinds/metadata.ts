import { isObject } from "../../lib/json.ts";
import { type FieldError, fieldError } from "../http/status.ts";
import { isInt64 } from "../schema/numbers.ts";
import type { KubeObject, Metadata, Owner } from "../store/entry.ts";
import { badTime, goTime } from "./go-time.ts";
import { checkLabelKey, checkLabelValue } from "./names.ts";

const text = (value: unknown) => typeof value === "string";
const whole = (value: unknown) => typeof value === "number" && isInt64(value);
const isNull = (value: unknown) => value === null || value === undefined;
const map = (value: unknown) => isObject(value) && Object.values(value).every(text);
const list = (item: (value: unknown) => boolean) => (value: unknown) => Array.isArray(value) && value.every(item);

const fields: Readonly<Record<string, { readonly is: (value: unknown) => boolean; readonly go: string }>> = {
  name: { is: text, go: "string" },
  generateName: { is: text, go: "string" },
  namespace: { is: text, go: "string" },
  selfLink: { is: text, go: "string" },
  uid: { is: text, go: "types.UID" },
  resourceVersion: { is: text, go: "string" },
  generation: { is: whole, go: "int64" },
  creationTimestamp: { is: text, go: "v1.Time" },
  deletionTimestamp: { is: text, go: "v1.Time" },
  deletionGracePeriodSeconds: { is: whole, go: "int64" },
  labels: { is: map, go: "map[string]string" },
  annotations: { is: map, go: "map[string]string" },
  ownerReferences: { is: list(isObject), go: "[]v1.OwnerReference" },
  finalizers: { is: list(text), go: "[]string" },
  managedFields: { is: list(isObject), go: "[]v1.ManagedFieldsEntry" },
};
const ownerFields = new Set(["apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion"]);

/**
 * Brings metadata into its typed form: unknown fields are dropped and named, nulls and empty containers vanish.
 * Returns the dropped paths, or the first type mismatch as `wrong`.
 */
export function normaliseMetadata(
  object: KubeObject,
  custom = false,
): { readonly unknown: string[]; readonly wrong?: string } {
  const unknown: string[] = [];
  if (object.metadata === undefined || object.metadata === null) object.metadata = { name: "" };
  if (!isObject(object.metadata)) {
    return {
      unknown,
      wrong: `json: cannot unmarshal ${goType(object.metadata)} into Go ${custom ? "value" : `struct field ${object.kind}.metadata`} of type v1.ObjectMeta`,
    };
  }
  const metadata: Metadata = object.metadata;
  // Of a custom kind metadata is decoded from what was decoded before, which Go writes with its keys sorted.
  const members = Object.entries(metadata);
  for (const [key, value] of custom ? members.sort(byKey) : members) {
    const field = Object.hasOwn(fields, key) ? fields[key] : undefined;
    // Go reads a null in a map or list of texts as an empty one.
    if (field?.is === map && isObject(value)) {
      for (const name of Object.keys(value)) value[name] ??= "";
    }
    if (key === "finalizers" && Array.isArray(value)) for (const index of value.keys()) value[index] ??= "";
    if (!field) {
      unknown.push(`metadata.${key}`);
      delete metadata[key];
    } else if (isNull(value) || (isEmpty(value) && field.is(value) && (custom || key !== "managedFields"))) {
      // An empty managedFields tells the server to forget them all, but that of a custom kind is lost on the way.
      delete metadata[key];
    } else if (!field.is(value)) {
      return { unknown, wrong: mismatch(custom ? key : `metadata.${key}`, value, field.go) };
    } else if (!custom && field.go === "v1.Time") {
      const wrong = badTime(value as string, false);
      if (wrong) return { unknown, wrong };
    }
  }
  const entries = (metadata.managedFields ?? []) as { time?: unknown }[];
  for (const entry of entries) if (typeof entry.time === "string") entry.time = goTime(entry.time);
  if (metadata.creationTimestamp) metadata.creationTimestamp = goTime(metadata.creationTimestamp);
  if (metadata.deletionTimestamp) metadata.deletionTimestamp = goTime(metadata.deletionTimestamp);
  metadata.ownerReferences?.forEach((owner, index) => {
    for (const key of Object.keys(owner)) {
      if (ownerFields.has(key)) continue;
      unknown.push(`metadata.ownerReferences[${index}].${key}`);
      delete (owner as unknown as Record<string, unknown>)[key];
    }
  });
  return { unknown };
}

const byKey = ([a]: [string, unknown], [b]: [string, unknown]): number => (a < b ? -1 : 1);

function mismatch(key: string, value: unknown, go: string): string {
  const inner =
    isObject(value) && go.startsWith("map")
      ? Object.entries(value)
          .sort(byKey)
          .find(([, v]) => !text(v))
      : undefined;
  const element = Array.isArray(value) && go.startsWith("[]") ? go.slice(2) : undefined;
  const wrong = element && (value as unknown[]).find((item) => (element === "string" ? !text(item) : !isObject(item)));
  const [path, bad, type] = inner ? [key, inner[1], "string"] : element ? [key, wrong, element] : [key, value, go];
  return `json: cannot unmarshal ${goType(bad)}${type === "int64" && typeof bad === "number" ? ` ${bad}` : ""} into Go struct field ObjectMeta.${path} of type ${type}`;
}

/** The word that Go's JSON decoder has for a value. */
export function goType(value: unknown): string {
  if (Array.isArray(value)) return "array";
  if (value === null) return "null";
  if (typeof value === "boolean") return "bool";
  return typeof value;
}

function isEmpty(value: unknown): boolean {
  return (
    value === "" || (Array.isArray(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0)
  );
}

const maxAnnotationBytes = 256 << 10;

/** The findings of Kubernetes' ValidateObjectMeta, in its order and words. */
export function validateMetadata(
  object: KubeObject,
  namespaced: boolean,
  checkName: (name: string, prefix: boolean) => readonly string[],
): FieldError[] {
  const { metadata } = object;
  const found: FieldError[] = [];
  if (metadata.generateName) {
    for (const message of checkName(metadata.generateName, true)) {
      found.push(fieldError.invalid("metadata.generateName", metadata.generateName, message));
    }
  }
  if (!metadata.name) found.push(fieldError.required("metadata.name", "name or generateName is required"));
  else {
    for (const message of checkName(metadata.name, false)) {
      found.push(fieldError.invalid("metadata.name", metadata.name, message));
    }
  }
  if (namespaced && !metadata.namespace) found.push(fieldError.required("metadata.namespace"));
  if (!namespaced && metadata.namespace) {
    found.push(fieldError.forbidden("metadata.namespace", "not allowed on this type"));
  }
  if ((metadata.generation ?? 0) < 0) {
    found.push(fieldError.invalid("metadata.generation", metadata.generation, "must be greater than or equal to 0"));
  }
  found.push(...checkLabels(metadata.labels ?? {}, "metadata.labels"));
  found.push(...checkAnnotations(metadata.annotations ?? {}));
  found.push(...checkOwners(metadata));
  for (const finalizer of metadata.finalizers ?? []) {
    for (const message of checkLabelKey(finalizer)) {
      found.push(fieldError.invalid("metadata.finalizers", finalizer, message));
    }
  }
  const both = ["orphan", "foregroundDeletion"].every((name) => metadata.finalizers?.includes(name));
  if (both) {
    found.push(
      fieldError.invalid(
        "metadata.finalizers",
        metadata.finalizers,
        "finalizer orphan and foregroundDeletion cannot be both set",
      ),
    );
  }
  return found;
}

export function checkLabels(labels: Readonly<Record<string, string>>, field: string): FieldError[] {
  return Object.entries(labels).flatMap(([key, value]) => [
    ...checkLabelKey(key).map((message) => fieldError.invalid(field, key, message)),
    ...checkLabelValue(value).map((message) => fieldError.invalid(field, value, message)),
  ]);
}

function checkAnnotations(annotations: Readonly<Record<string, string>>): FieldError[] {
  const found: FieldError[] = [];
  let bytes = 0;
  for (const [key, value] of Object.entries(annotations)) {
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
    for (const message of checkLabelKey(key.toLowerCase())) {
      found.push(fieldError.invalid("metadata.annotations", key, message));
    }
  }
  if (bytes > maxAnnotationBytes) found.push(fieldError.tooLong("metadata.annotations", maxAnnotationBytes));
  return found;
}

/** An owner as Go prints it. */
function inGoOrder({ apiVersion = "", kind = "", name = "", uid = "", controller, blockOwnerDeletion }: Owner): object {
  return { apiVersion, kind, name, uid, controller, blockOwnerDeletion };
}

function checkOwners(metadata: Metadata): FieldError[] {
  const found: FieldError[] = [];
  const owners = metadata.ownerReferences ?? [];
  owners.forEach((owner) => {
    const at = "metadata.ownerReferences";
    // A version that cannot be read counts as none.
    if (!owner.apiVersion || owner.apiVersion.split("/").length > 2)
      found.push(fieldError.invalid(`${at}.apiVersion`, owner.apiVersion ?? "", "version must not be empty"));
    if (!owner.kind) found.push(fieldError.invalid(`${at}.kind`, owner.kind ?? "", "must not be empty"));
    if (!owner.name) found.push(fieldError.invalid(`${at}.name`, owner.name ?? "", "must not be empty"));
    if (!owner.uid) found.push(fieldError.invalid(`${at}.uid`, owner.uid ?? "", "must not be empty"));
    if (owner.apiVersion === "v1" && owner.kind === "Event")
      found.push(fieldError.invalid(at, inGoOrder(owner), "/v1, Kind=Event is disallowed from being an owner"));
  });
  const [first, ...others] = owners
    .filter((owner) => owner.controller)
    .map(({ kind = "", name = "" }) => `${kind}/${name}`);
  for (const other of others) {
    const detail = `Only one reference can have Controller set to true. Found "true" in references for ${first} and ${other}`;
    found.push(fieldError.invalid("metadata.ownerReferences", owners.map(inGoOrder), detail));
  }
  return found;
}

/** The findings of ValidateObjectMetaUpdate: identity never changes, deletion adds no finalizer. */
export function validateMetadataUpdate(next: KubeObject, live: KubeObject): FieldError[] {
  const found: FieldError[] = [];
  const immutable = (field: "name" | "namespace" | "uid" | "deletionTimestamp" | "deletionGracePeriodSeconds") => {
    if ((next.metadata[field] ?? "") === (live.metadata[field] ?? "")) return;
    found.push(fieldError.invalid(`metadata.${field}`, next.metadata[field] ?? "", "field is immutable"));
  };
  if (live.metadata.deletionTimestamp) {
    const had = new Set(live.metadata.finalizers ?? []);
    const added = (next.metadata.finalizers ?? []).filter((name) => !had.has(name));
    if (added.length > 0) {
      found.push(
        fieldError.forbidden(
          "metadata.finalizers",
          `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map((name) => JSON.stringify(name)).join(", ")}}`,
        ),
      );
    }
  }
  immutable("name");
  immutable("namespace");
  immutable("uid");
  immutable("deletionTimestamp");
  immutable("deletionGracePeriodSeconds");
  const { labels = {}, annotations = {} } = next.metadata;
  return [
    ...found,
    ...checkLabels(labels, "metadata.labels"),
    ...checkAnnotations(annotations),
    ...checkOwners(next.metadata),
  ];
}

/** Takes owners out that are named twice, as a cluster does on every write. Returns what it warns of. */
export function dedupeOwners({ metadata }: KubeObject): string[] {
  const seen = new Set<string>();
  const twice = new Set<string>();
  const left = (metadata.ownerReferences ?? []).filter((owner) => {
    const key = JSON.stringify([
      owner.uid,
      owner.name,
      owner.kind,
      owner.apiVersion,
      owner.controller,
      owner.blockOwnerDeletion,
    ]);
    if (!seen.has(key)) return seen.add(key);
    twice.add(owner.uid);
    return false;
  });
  if (twice.size === 0) return [];
  metadata.ownerReferences = left;
  const advice =
    "API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests";
  return [
    `.metadata.ownerReferences contains duplicate entries; ${advice}; duplicate UID(s) observed: ${[...twice].join(", ")}`,
  ];
}

const standardFinalizers = new Set(["orphan", "foregroundDeletion", "kubernetes"]);

/** Finalizers of core kinds are standard ones or have a domain. */
export function checkCoreFinalizers({ metadata }: KubeObject): FieldError[] {
  // What is no name at all was found before.
  return (metadata.finalizers ?? []).flatMap((name, index) =>
    checkLabelKey(name).length > 0 ? [] : finalizerErrors(name, `metadata.finalizers[${index}]`),
  );
}

/** What is wrong with the name of one finalizer. */
export function finalizerErrors(name: string, field: string): FieldError[] {
  const found = checkLabelKey(name).map((message) => fieldError.invalid(field, name, message));
  if (found.length > 0 || name.includes("/") || standardFinalizers.has(name)) return found;
  return [fieldError.invalid(field, name, "name is neither a standard finalizer name nor is it fully qualified")];
}

/** Warns of finalizers that another writer may also choose, those that were there before apart. */
export function finalizerWarnings(next: KubeObject, live: KubeObject | undefined): string[] {
  const had = new Set(live?.metadata.finalizers ?? []);
  const fresh = (next.metadata.finalizers ?? []).filter(
    (name) => !had.has(name) && !name.includes("/") && !standardFinalizers.has(name),
  );
  return fresh.map((name) => {
    const path = name.includes(".") ? " including a path (/)" : "";
    return `metadata.finalizers: ${JSON.stringify(name)}: prefer a domain-qualified finalizer name${path} to avoid accidental conflicts with other finalizer writers`;
  });
}
