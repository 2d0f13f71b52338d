import { escapeName, withMeta } from "./cel-values.ts";
import type { JsonSchema } from "./json-schema.ts";

/** How large values under a schema may be: characters of a string, items of a list, members of a map. */
export interface Sizes {
  readonly max: number;
  /** Bytes of the smallest JSON: what bounds the number of items when nothing else does. */
  readonly minBytes: number;
  readonly fields?: Readonly<Record<string, Sizes>>;
  readonly element?: Sizes;
  /** A text, of which every character counts. */
  readonly text?: boolean;
  /** A map: who iterates it meets its keys, which have no size for cel-go; nor has the index of a list. */
  readonly keyed?: boolean;
  /** A text whose size is exactly `max`. */
  readonly exact?: boolean;
  /** A list that no path leads to, with what its items are: cel-go does not bound their text, and see `itemOf`. */
  readonly made?: Sizes;
}

/** What the largest request may hold: the bound of everything that has none of its own. */
export const maxRequestBytes = 3 * 1024 * 1024;
export const scalar: Sizes = { max: 1, minBytes: 1 };
export const unknown: Sizes = { max: maxRequestBytes, minBytes: 2 };
/** What cel-go does not bound at all, such as the text of a number. */
export const unbounded: Sizes = { max: 2 ** 64, minBytes: 2 };
export const unboundedText: Sizes = { ...unbounded, text: true };
export const key: Sizes = { max: 0, minBytes: 2 };
const known = new WeakMap<JsonSchema, Sizes>();

export function sizesOf(schema: JsonSchema): Sizes {
  let sizes = known.get(schema);
  if (!sizes) {
    sizes = measure(schema);
    known.set(schema, sizes);
  }
  return sizes;
}

function measure(given: JsonSchema): Sizes {
  if (given["x-kubernetes-int-or-string"]) return { max: (given.maxLength ?? maxRequestBytes / 4) * 4, minBytes: 1 };
  const schema = given["x-kubernetes-embedded-resource"] ? withMeta(given) : given;
  if (schema.type === "array" && schema.items) {
    const element = sizesOf(schema.items);
    return { max: schema.maxItems ?? Math.floor((maxRequestBytes - 2) / (element.minBytes + 1)), minBytes: 2, element };
  }
  if (schema.type === "object") {
    if (typeof schema.additionalProperties === "object") {
      const element = sizesOf(schema.additionalProperties);
      return {
        max: schema.maxProperties ?? Math.floor((maxRequestBytes - 2) / (element.minBytes + 6)),
        minBytes: 2,
        element,
        keyed: true,
      };
    }
    const fields: Record<string, Sizes> = {};
    let minBytes = 2;
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      fields[escapeName(name) ?? name] = sizesOf(property);
      if (schema.required?.includes(name) && property.default === undefined)
        minBytes += name.length + sizesOf(property).minBytes + 4;
    }
    return { max: Object.keys(fields).length, minBytes, fields };
  }
  if (schema.type !== "string") return scalar;
  const fixed = { duration: 32, date: 12, "date-time": 37 }[schema.format ?? ""];
  const words = schema.enum?.filter((value): value is string => typeof value === "string").map((value) => value.length);
  const bound =
    schema.maxLength !== undefined ? schema.maxLength * 4 : words?.length ? Math.max(...words) : maxRequestBytes - 2;
  return { max: fixed ?? bound, minBytes: 2, text: true };
}
