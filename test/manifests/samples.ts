import { readFileSync } from "node:fs";
import path from "node:path";
import { parse, parseAllDocuments } from "yaml";
import { type KindRef, kinds } from "../../api/kinds.ts";
import type { Resource } from "../../api/resource.ts";
import { isObject, type JsonObject } from "../../lib/json.ts";

/** One thing that the definitions refuse. */
export interface Refused {
  readonly why: string;
  readonly object: Resource;
  /** Present: `object` is written over this one, which is there already. */
  readonly before?: Resource;
  readonly says: string;
}

export type Sample = Resource & { readonly spec: JsonObject };

const text = (file: string) => readFileSync(path.join(import.meta.dirname, file), "utf8");

/** One full object of each kind. */
export const good: readonly Sample[] = parseAllDocuments(text("good.yaml")).map(
  (document) => document.toJS() as Sample,
);

interface Row {
  readonly why: string;
  readonly of: string;
  readonly merge?: JsonObject;
  readonly update?: boolean;
  readonly grow?: string;
  readonly says?: string;
}

export const refused: readonly Refused[] = (parse(text("bad.yaml")) as Row[]).map((row, index) => {
  const sample = good.find((object) => object.kind === row.of);
  if (!sample) throw new Error(`good.yaml has no ${row.of}`);
  // A name of its own each, so that one case does not meet the leftovers of another.
  const before = merged(sample, { metadata: { name: `bad-${index}` } });
  const grown = row.grow ? { spec: { [row.grow]: "x".repeat(131_073) } } : {};
  const object = merged(merged(before, row.merge ?? {}), grown) as unknown as Resource;
  return {
    why: row.why,
    object,
    says: row.says ?? "",
    ...(row.update ? { before: before as unknown as Resource } : {}),
  };
});

export function kindOf(object: Resource): KindRef {
  return kinds[object.kind as keyof typeof kinds];
}

/** RFC 7386. */
function merged(target: unknown, patch: unknown): JsonObject {
  const result: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch as Record<string, unknown>)) {
    if (value === null) delete result[key];
    else result[key] = isObject(value) ? merged(result[key], value) : value;
  }
  return result as JsonObject;
}
