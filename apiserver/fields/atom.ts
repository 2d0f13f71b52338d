import type { JsonSchema } from "../schema/json-schema.ts";

/** What a value under one schema node may be, in the terms of structured-merge-diff: a leaf, a list, a map, or several. */
export interface Atom {
  readonly scalar?: Scalar;
  readonly list?: ListAtom;
  readonly map?: MapAtom;
}

export type Scalar = "untyped" | "string" | "numeric" | "boolean";

export interface ListAtom {
  /** Items have an identity (set or map); otherwise the list is one leaf. */
  readonly associative: boolean;
  /** Key fields of a list-type map; none for a set. */
  readonly keys: readonly string[];
  readonly element: Atom;
}

export interface MapAtom {
  /** The map is one leaf. */
  readonly atomic: boolean;
  readonly fields: ReadonlyMap<string, Field>;
  /** The type of members that are not fields; undefined when there may be none. */
  readonly element: Atom | undefined;
}

export interface Field {
  readonly atom: Atom;
  readonly default?: unknown;
}

// Both hold themselves.
const atomic: { -readonly [part in keyof Atom]: Atom[part] } = { scalar: "untyped" };
atomic.list = { associative: false, keys: [], element: atomic };
atomic.map = { atomic: true, fields: new Map(), element: atomic };
const free: typeof atomic = { scalar: "untyped", list: { associative: false, keys: [], element: atomic } };
free.map = { atomic: false, fields: new Map(), element: free };

/** A value without a schema: maps merge by key, lists are leaves. */
export const deduced: Atom = free;

const text: JsonSchema = { type: "string" };
const ownerReference: JsonSchema = {
  type: "object",
  "x-kubernetes-map-type": "atomic",
  properties: {
    apiVersion: text,
    kind: text,
    name: text,
    // A key with a default, so that one without it is validation's to refuse.
    uid: { ...text, default: "" },
    controller: { type: "boolean" },
    blockOwnerDeletion: { type: "boolean" },
  },
};
const texts: JsonSchema = { type: "object", additionalProperties: text };

/** ObjectMeta, the same for every kind. */
const metadata: JsonSchema = {
  type: "object",
  properties: {
    name: text,
    generateName: text,
    namespace: text,
    selfLink: text,
    uid: text,
    resourceVersion: text,
    generation: { type: "integer" },
    creationTimestamp: text,
    deletionTimestamp: text,
    deletionGracePeriodSeconds: { type: "integer" },
    labels: texts,
    annotations: texts,
    finalizers: { type: "array", items: text, "x-kubernetes-list-type": "set" },
    ownerReferences: {
      type: "array",
      items: ownerReference,
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["uid"],
    },
    managedFields: { type: "array", items: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
  },
};

const cache = new WeakMap<JsonSchema, Map<string, Atom>>();

/** The atom of a whole object of a kind: its schema with the type and metadata that every object has. */
export function atomOfKind(schema: JsonSchema): Atom {
  return cached(schema, "kind", () => atomOf(withTypeMeta(schema), false));
}

function withTypeMeta(schema: JsonSchema): JsonSchema {
  return { ...schema, type: "object", properties: { ...schema.properties, apiVersion: text, kind: text, metadata } };
}

function cached(schema: JsonSchema, variant: string, make: () => Atom): Atom {
  const known = cache.get(schema) ?? new Map<string, Atom>();
  cache.set(schema, known);
  const found = known.get(variant) ?? make();
  known.set(variant, found);
  return found;
}

/** `open`: a parent preserves unknown fields, which its descendants inherit. */
function atomOf(given: JsonSchema, open: boolean): Atom {
  return cached(given, open ? "open" : "closed", () => {
    const preserve = open || given["x-kubernetes-preserve-unknown-fields"] === true;
    const schema = given["x-kubernetes-embedded-resource"] ? withTypeMeta(given) : given;
    if (schema.type === "object") return { map: mapOf(schema, preserve) };
    if (schema.type === "array") return { list: listOf(schema, preserve) };
    const scalar = scalarOf(schema);
    return scalar ? { scalar } : { scalar: "untyped", list: listOf(schema, preserve), map: mapOf(schema, preserve) };
  });
}

function scalarOf({ type, format }: JsonSchema): Scalar | undefined {
  if (type === "integer" || type === "number") return "numeric";
  if (type === "boolean") return "boolean";
  if (type !== "string") return undefined;
  return format === undefined || format === "" || format === "byte" ? "string" : "untyped";
}

function mapOf(schema: JsonSchema, open: boolean): MapAtom {
  const fields = new Map<string, Field>();
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    let atom: Atom | undefined;
    fields.set(name, {
      // Made when it is asked for: schemas of built-in kinds may hold themselves.
      get atom() {
        // ObjectMeta knows its members, whatever an object around it preserves.
        atom ??= atomOf(property, property === metadata ? false : open);
        return atom;
      },
      default: property.default,
    });
  }
  const { additionalProperties } = schema;
  const atomicMap = schema["x-kubernetes-map-type"] === "atomic";
  const isOpen = additionalProperties === true || (additionalProperties === undefined && (open || fields.size === 0));
  const element =
    typeof additionalProperties === "object" ? atomOf(additionalProperties, open) : isOpen ? deduced : undefined;
  return { atomic: atomicMap, fields, element };
}

function listOf(schema: JsonSchema, open: boolean): ListAtom {
  const type = schema["x-kubernetes-list-type"];
  return {
    associative: type === "set" || type === "map",
    keys: type === "map" ? (schema["x-kubernetes-list-map-keys"] ?? []) : [],
    element: schema.items ? atomOf(schema.items, open) : atomic,
  };
}

/** The one alternative that a value takes; all of them when the value is null or absent. */
export function deduce(atom: Atom, value: unknown): Atom {
  if (value === undefined || value === null || !isAmbiguous(atom)) return atom;
  if (Array.isArray(value)) return atom.list ? { list: atom.list } : atom;
  if (typeof value === "object") return atom.map ? { map: atom.map } : atom;
  return atom.scalar ? { scalar: atom.scalar } : atom;
}

function isAmbiguous({ scalar, list, map }: Atom): boolean {
  return Number(scalar !== undefined) + Number(list !== undefined) + Number(map !== undefined) > 1;
}

/** Whether two deductions took the same alternatives of one atom. */
export function sameShape(a: Atom, b: Atom): boolean {
  return a === b || (a.scalar === b.scalar && !a.list === !b.list && !a.map === !b.map);
}

export function memberAtom(map: MapAtom, key: string): Atom {
  return map.fields.get(key)?.atom ?? map.element ?? deduced;
}
