import { isObject } from "../../lib/json.ts";
import { shown } from "../http/body.ts";
import { badRequest } from "../http/status.ts";
import { builtinKindNames } from "../kinds/builtin.ts";
import { goMismatch } from "../kinds/go-types.ts";
import { apiVersion, type ServedKind } from "../kinds/kind.ts";
import { goType, normaliseMetadata } from "../kinds/metadata.ts";
import type { KubeObject } from "../store/entry.ts";
import type { FieldValidation } from "./options.ts";

/** Checks that a body is an object of the kind; built-in kinds may leave apiVersion and kind out. Throws 400. */
export function asKind(kind: ServedKind, value: unknown): KubeObject {
  const wanted = apiVersion(kind);
  if (value === null) return asKind(kind, {});
  if (!isObject(value)) {
    const into =
      'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';
    const text = `json: cannot unmarshal ${goType(value)} into Go value of type ${into}`;
    const body = shown(Buffer.from(JSON.stringify(value)));
    throw badRequest(
      `the object provided is unrecognized (must be of type ${kind.kind}): couldn't get version/kind; json parse error: ${text} (${body})`,
    );
  }
  const object = { ...value } as KubeObject;
  if (!kind.custom) {
    object.apiVersion ||= wanted;
    object.kind ||= kind.kind;
  } else if (!object.kind) throw badRequest(`Object 'Kind' is missing in '${shorten(value)}'`);
  else if (!object.apiVersion) throw badRequest(`Object 'apiVersion' is missing in '${shorten(value)}'`);
  if (!kind.custom && (object.apiVersion !== wanted || object.kind !== kind.kind)) {
    throw badRequest(foreign(kind, object));
  }
  if (object.apiVersion !== wanted) {
    throw badRequest(
      `the API version in the data (${object.apiVersion}) does not match the expected API version (${wanted})`,
    );
  }
  if (object.kind !== kind.kind) {
    throw badRequest(`${object.apiVersion}, Kind=${object.kind} does not match the expected kind ${kind.kind}`);
  }
  return object;
}

const scheme = 'in scheme "pkg/runtime/scheme.go:111"';

function foreign(kind: ServedKind, object: KubeObject): string {
  const version = object.apiVersion.split("/").at(-1)!;
  const known = builtinKindNames.has(`${object.apiVersion}/${object.kind}`);
  const why = known
    ? `converting (${version}.${object.kind}) to (${internalPackage(kind)}.${kind.kind}): unknown conversion`
    : `no kind "${object.kind}" is registered for version "${object.apiVersion}" ${scheme}`;
  return `${object.kind} in version "${version}" cannot be handled as a ${kind.kind}: ${why}`;
}

function internalPackage(kind: ServedKind): string {
  return kind.group === "" ? "core" : kind.group.split(".")[0]!;
}

/** Brings a body into the form that is stored: unknown fields dropped, defaults filled in. Returns what was dropped. */
export function conform(kind: ServedKind, object: KubeObject): string[] {
  const { unknown, wrong } = normaliseMetadata(object);
  const mismatch = wrong ?? (kind.custom ? undefined : goMismatch(kind.openapi.name, object));
  if (mismatch) throw cannotHandle(kind, mismatch);
  const dropped = kind.schema.prune(object);
  kind.schema.applyDefaults(object);
  return [...unknown, ...dropped].map((path) => `unknown field "${path}"`);
}

/** 400 in the words of a decoder that cannot use the body. */
export function cannotHandle(kind: ServedKind, why: string): Error {
  return badRequest(`${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}: ${why}`);
}

/** Acts on strict complaints as the client wished: refuse, warn, or say nothing. */
export function reportStrict(
  kind: ServedKind,
  complaints: readonly string[],
  validation: FieldValidation,
  warnings: string[],
): void {
  if (complaints.length === 0 || validation === "Ignore") return;
  if (validation === "Strict") throw cannotHandle(kind, `strict decoding error: ${complaints.join(", ")}`);
  warnings.push(...complaints);
}

function shorten(value: object): string {
  const text = JSON.stringify(value);
  return text.length > 2_000 ? `${text.slice(0, 2_000)}…` : text;
}
