import { isObject } from "../../lib/json.ts";
import { crdErrors, statusErrors } from "../schema/crd.ts";
import { canonicalSchema, withoutEmpties } from "../schema/definition/canonical.ts";
import { enforcedFormat } from "../schema/formats.ts";
import type { JsonSchema } from "../schema/json-schema.ts";
import type { KubeObject } from "../store/entry.ts";
import type { CrdSpec } from "./custom.ts";
import type { Strategy } from "./kind.ts";
import { finalizerWarnings } from "./metadata.ts";

/** CustomResourceDefinitions: names that may be left out, and all that is checked before a kind is served. */
export const definitions: Partial<Strategy> = {
  defaults: completeSpec,
  prepareCreate(object) {
    completeSpec(object);
    const { storedVersions } = storing(object, []);
    object.status = { conditions: null, acceptedNames: { plural: "", kind: "" }, storedVersions };
  },
  prepareUpdate(next, live) {
    completeSpec(next);
    const status = isObject(live.status) ? live.status : {};
    const stored = Array.isArray(status.storedVersions) ? (status.storedVersions as readonly string[]) : [];
    next.status = { ...status, ...storing(next, stored) };
  },
  validate: (next, live, subresource) => (subresource === "status" ? statusErrors(next) : crdErrors(next, live)),
  warnings(next, live) {
    const before = new Set(live ? formatsOf(live) : []);
    const fresh = [...new Set(formatsOf(next))].filter((format) => !before.has(format));
    const formats = fresh.map((format) => `unrecognized format ${JSON.stringify(format)}`);
    return [...finalizerWarnings(next, live), ...formats];
  },
};

function completeSpec(object: KubeObject): void {
  const { spec } = object;
  if (!isObject(spec)) return;
  spec.conversion ??= { strategy: "None" };
  if (spec.preserveUnknownFields === false) delete spec.preserveUnknownFields;
  if (Array.isArray(spec.versions)) spec.versions = spec.versions.map(canonicalVersion);
  const { names } = spec;
  if (!isObject(names) || typeof names.kind !== "string") return;
  names.singular ||= names.kind.toLowerCase();
  names.listKind ||= `${names.kind}List`;
}

/** A version as a cluster stores it: its Go type leaves out what is empty, as tools write it that print every field. */
function canonicalVersion(version: unknown): unknown {
  if (!isObject(version)) return version;
  const { deprecated, schema, additionalPrinterColumns: columns, ...rest } = version;
  const openapi = isObject(schema) && isObject(schema.openAPIV3Schema) ? schema.openAPIV3Schema : undefined;
  return {
    ...rest,
    ...(deprecated === undefined || deprecated === false ? {} : { deprecated }),
    ...(columns === undefined ? {} : { additionalPrinterColumns: withoutEmpties(columns, columnEmpties) }),
    ...(schema === undefined ? {} : { schema: openapi ? { openAPIV3Schema: canonicalSchema(openapi) } : schema }),
  };
}

const columnEmpties = { priority: 0, description: "", format: "" };

function storing(object: KubeObject, stored: readonly string[]): { readonly storedVersions: readonly string[] } {
  const { versions = [] } = (isObject(object.spec) ? object.spec : {}) as Partial<CrdSpec>;
  const storage = versions.find((version) => version.storage)?.name;
  return { storedVersions: storage === undefined || stored.includes(storage) ? stored : [...stored, storage] };
}

/** Formats that the schemas name and nobody checks. */
function formatsOf(object: KubeObject): string[] {
  const { versions = [] } = (isObject(object.spec) ? object.spec : {}) as Partial<CrdSpec>;
  return versions.flatMap(({ schema }) => (schema?.openAPIV3Schema ? uncheckedFormats(schema.openAPIV3Schema) : []));
}

function uncheckedFormats(schema: JsonSchema): string[] {
  const {
    type,
    format,
    items,
    additionalProperties,
    not,
    properties = {},
    allOf = [],
    anyOf = [],
    oneOf = [],
  } = schema;
  const below = [
    ...(isObject(items) ? [items as JsonSchema] : []),
    ...allOf,
    ...anyOf,
    ...oneOf,
    ...(not ? [not] : []),
    ...Object.values(properties),
    ...(typeof additionalProperties === "object" ? [additionalProperties] : []),
  ];
  const own = format && enforcedFormat(type || undefined, format) === undefined ? [format] : [];
  return [...own, ...below.flatMap(uncheckedFormats)];
}
