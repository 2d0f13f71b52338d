import { copyJson, isObject } from "../../lib/json.ts";

/** Applies a JSON merge patch (RFC 7386) and answers the result; neither argument is changed. Nulls remove. */
export function applyMergePatch(doc: unknown, patch: unknown): unknown {
  return merge(copyJson(doc), patch);
}

function merge(doc: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return withoutNulls(patch);
  const result: Record<string, unknown> = isObject(doc) ? doc : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = isObject(result[key]) ? merge(result[key], value) : withoutNulls(value);
  }
  return result;
}

/** New values lose their null members, also those of objects inside lists; null items of lists stay. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return copyJson(value);
  const members = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(members.map(([key, member]) => [key, withoutNulls(member)]));
}
