import { isObject } from "../../lib/json.ts";
import { badRequest } from "../http/status.ts";
import { apiVersion, type ServedKind } from "../kinds/kind.ts";
import { goType, normaliseMetadata } from "../kinds/metadata.ts";
import type { KubeObject } from "../store/entry.ts";
import type { FieldValidation } from "./options.ts";

/** Checks that a body is an object of the kind; built-in kinds may leave apiVersion and kind out. Throws 400. */
export function asKind(kind: ServedKind, value: unknown): KubeObject {
  const wanted = apiVersion(kind);
  if (!isObject(value)) {
    throw badRequest(
      `the object provided is unrecognized (must be of type ${kind.kind}): couldn't get version/kind; json parse error: json: cannot unmarshal ${goType(value)} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
    );
  }
  const object = { ...value } as KubeObject;
  if (!kind.custom) {
    object.apiVersion ||= wanted;
    object.kind ||= kind.kind;
  } else if (!object.kind) throw badRequest(`Object 'Kind' is missing in '${shorten(value)}'`);
  else if (!object.apiVersion) throw badRequest(`Object 'apiVersion' is missing in '${shorten(value)}'`);
  if (object.apiVersion !== wanted) {
    throw badRequest(
      `the API version in the data (${object.apiVersion}) does not match the expected API version (${wanted})`,
    );
  }
  if (object.kind !== kind.kind) {
    throw badRequest(
      kind.custom
        ? `${object.apiVersion}, Kind=${object.kind} does not match the expected kind ${kind.kind}`
        : `${object.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}: no kind "${object.kind}" matches`,
    );
  }
  return object;
}

/** Brings a body into the form that is stored: unknown fields dropped, defaults filled in. Returns what was dropped. */
export function conform(kind: ServedKind, object: KubeObject): string[] {
  const { unknown, wrong } = normaliseMetadata(object);
  if (wrong) throw cannotHandle(kind, wrong);
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
