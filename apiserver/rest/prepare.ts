import { isObject } from "../../lib/json.ts";
import { shown } from "../http/body.ts";
import { badRequest, failure, fieldError, invalid } from "../http/status.ts";
import { warningsOf } from "../http/yaml-body.ts";
import { goMismatch } from "../kinds/go-types.ts";
import { apiVersion, type ServedKind } from "../kinds/kind.ts";
import { isOtherVersion, knownKinds } from "../kinds/known-kinds.ts";
import { cannotUnmarshal, goType, normaliseMetadata } from "../kinds/metadata.ts";
import { goJson, goQuote } from "../schema/field-errors.ts";
import { metaFields } from "../schema/json-schema.ts";
import { omitEmpty } from "../schema/omit-empty.ts";
import type { KubeObject } from "../store/entry.ts";
import type { FieldValidation } from "./options.ts";

/** How a complaint of the decoder becomes a Status: a body and a patch are refused in different words. */
export type Refuse = (kind: ServedKind, why: string) => Error;

/** Takes strict complaints of an object that is refused all the same. */
export type Complain = (complaints: readonly string[]) => void;

/** A version that the kind has not has no schema, so to a cluster all fields of its objects are unknown. */
function unknownToAnyVersion(kind: ServedKind, object: KubeObject): string[] {
  if (kind.apiVersions?.includes(object.apiVersion)) return [];
  if (object.kind !== kind.kind || !String(object.apiVersion).startsWith(`${kind.group}/`)) return [];
  const unknown = Object.keys(object).filter((key) => !metaFields.has(key));
  return unknown.sort().map((path) => `unknown field "${path}"`);
}

const typeMeta =
  'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';

/**
 * Checks that a body is an object of the kind; built-in kinds may leave apiVersion and kind out. `text` is the body as it was
 * sent, for complaints. Throws 400 and 422.
 */
export function asKind(
  kind: ServedKind,
  value: unknown,
  complain: Complain = () => {},
  text = () => JSON.stringify(value),
): KubeObject {
  const wanted = apiVersion(kind);
  const unrecognised = (why: string) => {
    const body = shown(Buffer.from(text()));
    return badRequest(`the object provided is unrecognized (must be of type ${kind.kind}): ${why} (${body})`);
  };
  if (value === null && !kind.custom) return asKind(kind, {}, complain, text);
  if (value !== null && !isObject(value)) {
    const why = `json: cannot unmarshal ${goType(value)} into Go value of type ${typeMeta}`;
    throw unrecognised(`couldn't get version/kind; json parse error: ${why}`);
  }
  const object = { ...value } as KubeObject;
  const wrong = typeMismatch(object);
  if (wrong) throw unrecognised(`couldn't get version/kind; json parse error: ${wrong}`);
  if (!kind.custom) {
    object.apiVersion ||= wanted;
    object.kind ||= kind.kind;
    if (object.apiVersion === wanted && object.kind === kind.kind) return object;
    throw isOtherVersion(kind, object) ? otherVersion(object, wanted) : badRequest(foreign(kind, object));
  }
  if (!object.kind) throw unrecognised(`Object 'Kind' is missing in '${text()}'`);
  if (object.apiVersion !== wanted) {
    complain(unknownToAnyVersion(kind, object));
    throw otherVersion(object, wanted);
  }
  checkCustomKind(kind, object);
  return object;
}

const otherVersion = ({ apiVersion: given = "" }: Partial<KubeObject>, wanted: string): Error =>
  badRequest(`the API version in the data (${given}) does not match the expected API version (${wanted})`);

/**
 * The same for the outcome of a patch, which may not turn an object into another kind. `refuse` words a 422 in which the
 * patch cannot be used.
 */
export function asPatchedKind(
  kind: ServedKind,
  value: Record<string, unknown>,
  refuse: (why: string) => Error,
  complain: Complain = () => {},
): KubeObject {
  const object = { ...value } as KubeObject;
  const wanted = apiVersion(kind);
  const wrong = typeMismatch(object);
  if (wrong) throw refuse(`couldn't get version/kind; json parse error: ${wrong}`);
  if (kind.custom && !object.kind) throw refuse(`Object 'Kind' is missing in '${goJson(object)}'`);
  if ((object.apiVersion ?? "").split("/").length > 2)
    throw refuse(`unexpected GroupVersion string: ${object.apiVersion}`);
  if (!kind.custom) {
    object.kind ||= kind.kind;
    if (!object.apiVersion) return asUntyped(object, wanted, complain);
    if (object.apiVersion !== wanted || object.kind !== kind.kind) throw refuse(foreignWhy(kind, object));
    return object;
  }
  if (!object.apiVersion) throw new Error("Object 'apiVersion' is missing in 'object has no apiVersion field'");
  if (object.apiVersion !== wanted) {
    complain(unknownToAnyVersion(kind, object));
    const group = object.apiVersion.includes("/") ? object.apiVersion.split("/")[0]! : "";
    const errors = [fieldError.invalid("apiVersion", object.apiVersion, `must be ${wanted}`)];
    throw invalid(group, object.kind, object.metadata?.name ?? "", errors);
  }
  checkCustomKind(kind, object);
  return object;
}

/** A cluster reads an object without a version into its own type, which has no field that the wire knows: nothing is left. */
function asUntyped(object: KubeObject, wanted: string, complain: Complain): KubeObject {
  const unknown = Object.keys(object).filter((key) => key !== "apiVersion" && key !== "kind");
  complain(unknown.sort().map((path) => `unknown field "${path}"`));
  return { apiVersion: wanted, kind: object.kind, metadata: { name: "" } };
}

/** The complaint of Go's decoder about an apiVersion or a kind that is no text. */
function typeMismatch(object: Readonly<Record<string, unknown>>): string | undefined {
  for (const field of ["apiVersion", "kind"]) {
    const value = object[field] ?? "";
    if (typeof value !== "string") return cannotUnmarshal(value, `.${field}`, "string");
  }
  return undefined;
}

function checkCustomKind(kind: ServedKind, object: KubeObject): void {
  if (object.kind === kind.kind) return;
  const errors = [fieldError.invalid("kind", object.kind, `must be ${kind.kind}`)];
  throw invalid(kind.group, object.kind, object.metadata?.name ?? "", errors);
}

/** 422 in the words of a decoder that cannot use what a patch made: `shown`, or the patch itself where it was a strategic one. */
export function patchRefused(shown: string, why: string): Error {
  const message = `Invalid value: ${goQuote(shown)}: ${why}`;
  const causes = [{ reason: "FieldValueInvalid", message, field: "patch" }];
  return failure(422, "Invalid", ` "" is invalid: patch: ${message}`, { causes });
}

const scheme = 'in scheme "pkg/runtime/scheme.go:111"';

function foreign(kind: ServedKind, object: KubeObject): string {
  const version = object.apiVersion.split("/").at(-1)!;
  return `${object.kind} in version "${version}" cannot be handled as a ${kind.kind}: ${foreignWhy(kind, object)}`;
}

function foreignWhy(kind: ServedKind, object: KubeObject): string {
  const version = object.apiVersion.split("/").at(-1)!;
  return knownKinds.has(`${object.apiVersion}/${object.kind}`)
    ? `converting (${version}.${object.kind}) to (${internalPackage(kind)}.${kind.kind}): unknown conversion`
    : `no kind "${object.kind}" is registered for version "${object.apiVersion}" ${scheme}`;
}

function internalPackage(kind: ServedKind): string {
  return kind.group === "" ? "core" : kind.group.split(".")[0]!;
}

/** Brings a body into the form that is stored: unknown fields dropped, defaults filled in. Returns what was dropped. */
export function conform(kind: ServedKind, object: KubeObject, refuse: Refuse = cannotHandle): string[] {
  const { unknown, wrong } = normaliseMetadata(object, kind.custom);
  const mismatch = wrong ?? (kind.custom ? undefined : goMismatch(kind.openapi.name, object));
  if (mismatch) throw refuse(kind, mismatch);
  const dropped = kind.schema.prune(object);
  const coerced = kind.custom ? kind.schema.coerce(object) : { unknown: [] };
  if (coerced.wrong) throw refuse(kind, `${coerced.wrong.field}: ${coerced.wrong.message}`);
  kind.schema.applyDefaults(object);
  kind.strategy.defaults?.(object);
  if (!kind.custom) omitEmpty(object, kind.schema.schema);
  return [...unknown, ...dropped, ...coerced.unknown].map((path) => `unknown field "${path}"`);
}

/** 400 in the words of a decoder that cannot use the body. */
export function cannotHandle(kind: ServedKind, why: string): Error {
  return badRequest(`${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}: ${why}`);
}

/** Checks that an object is the one of the request; one that says no namespace gets it. Throws 400. */
export function checkIdentity(kind: ServedKind, object: KubeObject, namespace: string, name: string): void {
  if (kind.namespaced) object.metadata.namespace ??= namespace;
  if (kind.namespaced && object.metadata.namespace !== namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  if (!object.metadata.name) {
    throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
  }
  if (object.metadata.name !== name) {
    throw badRequest(`the name of the object (${object.metadata.name}) does not match the name on the URL (${name})`);
  }
}

/** Acts on strict complaints as the client wished: refuse, warn, or say nothing. */
export function reportStrict(
  kind: ServedKind,
  complaints: readonly string[],
  validation: FieldValidation,
  warnings: string[],
  refuse: Refuse = cannotHandle,
): void {
  if (complaints.length === 0 || validation === "Ignore") return;
  if (validation === "Strict") throw refuse(kind, `strict decoding error: ${complaints.join(", ")}`);
  warnings.push(...complaints.flatMap(warningsOf));
}
