import { isObject } from "../../lib/json.ts";
import { type FieldError, fieldError } from "../http/status.ts";
import { isInt64 } from "../schema/numbers.ts";
import type { KubeObject, Metadata } from "../store/entry.ts";
import { badTime, goTime } from "./go-time.ts";
import { type Misfit, typeItems } from "./metadata-items.ts";
import { checkLabelKey, checkLabelValue } from "./names.ts";
import { checkOwners } from "./owners.ts";

const text = (value: unknown) => typeof value === "string";
const whole = (value: unknown) => typeof value === "number" && isInt64(value);
const isNull = (value: unknown) => value === null || value === undefined;
const map = (value: unknown) => isObject(value) && Object.values(value).every(text);
const list = (item: (value: unknown) => boolean) => (value: unknown) => Array.isArray(value) && value.every(item);

const time = "v1.Time";

interface Field {
  readonly is: (value: unknown) => boolean;
  readonly go: string;
}

const fields: Readonly<Record<string, Field>> = {
  name: { is: text, go: "string" },
  generateName: { is: text, go: "string" },
  namespace: { is: text, go: "string" },
  selfLink: { is: text, go: "string" },
  uid: { is: text, go: "types.UID" },
  resourceVersion: { is: text, go: "string" },
  generation: { is: whole, go: "int64" },
  creationTimestamp: { is: text, go: time },
  deletionTimestamp: { is: text, go: time },
  deletionGracePeriodSeconds: { is: whole, go: "int64" },
  labels: { is: map, go: "map[string]string" },
  annotations: { is: map, go: "map[string]string" },
  ownerReferences: { is: list(isObject), go: "[]v1.OwnerReference" },
  finalizers: { is: list(text), go: "[]string" },
  managedFields: { is: list(isObject), go: "[]v1.ManagedFieldsEntry" },
};

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
    const misfit = Array.isArray(value) ? typeItems(key, value, unknown, custom) : undefined;
    if (misfit) return { unknown, wrong: misfit.why ?? misfitText(misfit, custom) };
    if (!field) {
      unknown.push(`metadata.${key}`);
      delete metadata[key];
    } else if (isNull(value) || (isEmpty(value) && mayBeLeftOut(key, field, value, custom))) {
      delete metadata[key];
    } else if (!field.is(value)) {
      return { unknown, wrong: mismatch(custom ? key : `metadata.${key}`, value, field.go) };
    } else if (field.go === time) {
      const wrong = badTime(value as string, false);
      if (wrong) return { unknown, wrong };
    }
  }
  if (metadata.creationTimestamp) metadata.creationTimestamp = goTime(metadata.creationTimestamp);
  if (metadata.deletionTimestamp) metadata.deletionTimestamp = goTime(metadata.deletionTimestamp);
  return { unknown };
}

/** An empty managedFields tells the server to forget them all, but that of a custom kind is lost on the way. */
function mayBeLeftOut(key: string, field: Field, value: unknown, custom: boolean): boolean {
  return field.is(value) && field.go !== time && (custom || key !== "managedFields");
}

function misfitText({ struct, member, go, value }: Exclude<Misfit, { readonly why: string }>, custom: boolean): string {
  const at = `${struct}.${custom ? "" : "metadata."}${member}`;
  // A time is read from a text.
  return cannotUnmarshal(value, at, go === time ? "string" : go);
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
  const [path, bad, type] = inner
    ? [key, inner[1], "string"]
    : element
      ? [key, wrong, element]
      : [key, value, go === time ? "string" : go];
  return cannotUnmarshal(bad, `ObjectMeta.${path}`, type);
}

/** What Go's JSON decoder says of a value that does not fit into a struct's field. Of a number that is none of its integers it says which. */
export function cannotUnmarshal(value: unknown, field: string, type: string): string {
  const what = typeof value === "number" && /^int(32|64)$/.test(type) ? `number ${value}` : goType(value);
  return `json: cannot unmarshal ${what} into Go struct field ${field} of type ${type}`;
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

/** What the annotations of an object may come to, keys and values. */
export const maxAnnotationBytes = 256 << 10;

export function annotationBytes(annotations: Readonly<Record<string, unknown>>): number {
  return Object.entries(annotations).reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(String(value)),
    0,
  );
}

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
  for (const key of Object.keys(annotations)) {
    for (const message of checkLabelKey(key.toLowerCase())) {
      found.push(fieldError.invalid("metadata.annotations", key, message));
    }
  }
  if (annotationBytes(annotations) > maxAnnotationBytes)
    found.push(fieldError.tooLong("metadata.annotations", maxAnnotationBytes));
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
  return (metadata.finalizers ?? []).flatMap((name, index) => unqualified(name, `metadata.finalizers[${index}]`));
}

/** What is wrong with the name of one finalizer. */
export function finalizerErrors(name: string, field: string): FieldError[] {
  const found = checkLabelKey(name).map((message) => fieldError.invalid(field, name, message));
  return [...found, ...unqualified(name, field)];
}

function unqualified(name: string, field: string): FieldError[] {
  if (name.includes("/") || standardFinalizers.has(name)) return [];
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
