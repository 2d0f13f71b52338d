import { isObject } from "../../lib/json.ts";
import type { KubeObject } from "../store/entry.ts";
import { cannotUnmarshal, normaliseMetadata } from "./metadata.ts";

type Open = Record<string, unknown>;
type Type = "int32" | "string" | { readonly struct: string; readonly members: Readonly<Record<string, Type>> };

const parts: Readonly<Record<string, Type>> = {
  spec: { struct: "ScaleSpec", members: { replicas: "int32" } },
  status: { struct: "ScaleStatus", members: { replicas: "int32", selector: "string" } },
};
const typeMeta = new Set(["apiVersion", "kind", "metadata"]);

export interface TypedScale {
  /** Paths of what a Scale does not know; they are removed. */
  readonly unknown: readonly string[];
  /** The first value that Go's decoder could not put into a Scale, in its words. */
  readonly wrong?: string;
}

/** Brings an `autoscaling/v1` Scale into its typed form, in place: nulls and unknown members vanish. */
export function typeScale(scale: KubeObject): TypedScale {
  const { unknown, wrong } = normaliseMetadata(scale);
  if (wrong !== undefined) return { unknown, wrong };
  const found = typed(scale, { struct: "Scale", members: parts }, "", unknown);
  return { unknown: unknown.sort(), ...(found === undefined ? {} : { wrong: found }) };
}

function typed(
  object: Open,
  { struct, members }: Exclude<Type, string>,
  path: string,
  unknown: string[],
): string | undefined {
  for (const [name, value] of Object.entries(object)) {
    if (path === "" && typeMeta.has(name)) continue;
    const type = Object.hasOwn(members, name) ? members[name] : undefined;
    if (type === undefined) unknown.push(path + name);
    if (type === undefined || value === null) {
      delete object[name];
      continue;
    }
    const wrong = mismatch(value, type, `${struct}.${path}${name}`);
    if (wrong !== undefined) return wrong;
    const inner = typeof type === "object" ? typed(value as Open, type, `${path}${name}.`, unknown) : undefined;
    if (inner !== undefined) return inner;
  }
  return undefined;
}

function mismatch(value: unknown, type: Type, field: string): string | undefined {
  if (typeof type === "object") return isObject(value) ? undefined : cannotUnmarshal(value, field, `v1.${type.struct}`);
  const fits = type === "string" ? typeof value === "string" : typeof value === "number" && (value | 0) === value;
  return fits ? undefined : cannotUnmarshal(value, field, type);
}
