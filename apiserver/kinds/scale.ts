import { isObject } from "../../lib/json.ts";
import { goPlain } from "../fields/go-value.ts";
import { type FieldError, fieldError } from "../http/status.ts";
import type { KubeObject } from "../store/entry.ts";
import type { ServedKind } from "./kind.ts";

const maxReplicas = 2 ** 31 - 1;

/** The whole number at a path such as `.spec.replicas`: undefined where there is none, an error for anything else. */
export function replicasAt(object: unknown, path: string): { readonly value?: number; readonly error?: string } {
  const keys = path.split(".").slice(1);
  let at: unknown = object;
  for (const key of keys) {
    if (at === null) return {};
    if (!isObject(at)) return { error: `${path} accessor error: ${accessed(at)}, expected map[string]interface{}` };
    if (!Object.hasOwn(at, key)) return {};
    at = at[key];
  }
  return Number.isInteger(at)
    ? { value: at as number }
    : { error: `${path} accessor error: ${accessed(at)}, expected int64` };
}

/** Writes the number of replicas, making the objects on the way. */
export function setReplicas(object: KubeObject, path: string, replicas: number): void {
  const keys = path.split(".").slice(1);
  const last = keys.pop()!;
  let at: Record<string, unknown> = object;
  for (const key of keys) {
    const next = Object.hasOwn(at, key) ? at[key] : undefined;
    const inner = isObject(next) ? next : {};
    at[key] = inner;
    at = inner;
  }
  at[last] = replicas;
}

/** What kube-apiserver finds wrong with the replica fields of a kind that has a scale subresource. */
export function scaleErrors(kind: ServedKind, object: KubeObject): FieldError[] {
  const paths = kind.subresources.find((one) => one.scale)?.scale;
  if (!paths) return [];
  return [paths.spec, paths.status].flatMap((path) => {
    const { value = 0, error } = replicasAt(object, path);
    if (error) return [fieldError.invalid(path, 0, error)];
    if (value < 0) return [fieldError.invalid(path, value, "should be a non-negative integer")];
    if (value > maxReplicas) {
      return [fieldError.invalid(path, value, `should be less than or equal to ${maxReplicas}`)];
    }
    return [];
  });
}

function accessed(value: unknown): string {
  return `${goPlain(value)} is of the type ${goKind(value)}`;
}

function goKind(value: unknown): string {
  if (value === null) return "<nil>";
  if (Array.isArray(value)) return "[]interface {}";
  if (isObject(value)) return "map[string]interface {}";
  if (typeof value === "number") return Number.isInteger(value) ? "int64" : "float64";
  return typeof value === "boolean" ? "bool" : "string";
}
