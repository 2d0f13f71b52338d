import { isDeepStrictEqual } from "node:util";
import { copyJson, isObject } from "../../lib/json.ts";
import { goPlain } from "../fields/go-value.ts";
import { badRequest, failure } from "../http/status.ts";

type Open = Record<string, unknown>;

/** Lists that merge: by a key of their items, or (no key) as a set of scalars. Path segments as in the kind's JSON. */
const everyKind: Readonly<Record<string, string>> = { "metadata.ownerReferences": "uid", "metadata.finalizers": "" };
const byKind: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Namespace: { "status.conditions": "type" },
  ServiceAccount: { secrets: "name" },
  ValidatingAdmissionPolicy: { "spec.matchConditions": "name", "spec.variables": "name" },
};

const directive = "$patch";
const retain = "$retainKeys";
const deletions = "$deleteFromPrimitiveList/";
const order = "$setElementOrder/";

/**
 * Applies a strategic merge patch to an object of a built-in kind and answers the result; neither argument is changed.
 * Knows the directives `$patch: delete|replace`, `$retainKeys`, `$setElementOrder` and `$deleteFromPrimitiveList`.
 * Throws 400 or 500, as a cluster does, for a patch that is badly formed.
 */
export function applyStrategicPatch(doc: unknown, patch: unknown, kind: string): unknown {
  if (!isObject(patch)) throw badRequest("a strategic merge patch must be an object");
  const before = isObject(doc) ? copyJson(doc) : {};
  const result = mergeMap(before, copyJson(patch), "", { ...everyKind, ...byKind[kind] });
  // A typed object cannot lose its type, whatever the patch says; but what is no text cannot be read at all.
  for (const field of ["apiVersion", "kind"])
    if (typeof (result[field] ?? "") === "string") result[field] = before[field];
  return result;
}

/** kube-apiserver lets most mistakes of its patch library through as they are. */
const broken = (message: string): Error => failure(500, "", message);

function unknownType(what: unknown, map: Open): Error {
  const shown =
    typeof what === "string" ? what : `%!s(${typeof what === "number" ? "int64" : typeof what}=${goPlain(what)})`;
  return broken(`unknown patch type: ${shown} in map: ${goPlain(map)}`);
}

type MergeKeys = Readonly<Record<string, string>>;

function mergeMap(original: Open, given: Open, path: string, keys: MergeKeys): Open {
  if (Object.hasOwn(given, directive)) {
    const { [directive]: what, ...rest } = given;
    if (what === "replace") return copyJson(rest);
    if (what === "delete") return {};
    throw unknownType(what, given);
  }
  const patch = { ...given };
  const result = retainKeys({ ...original }, patch);
  orderLists(result, patch, path, keys);
  for (const [name, value] of Object.entries(patch)) {
    const isDeletion = name.startsWith(deletions);
    const key = isDeletion ? name.slice(deletions.length) : name;
    if (key === directive) continue;
    if (value === null) {
      delete result[key];
      continue;
    }
    const at = path === "" ? key : `${path}.${key}`;
    const before = result[key];
    if (isObject(before) && isObject(value)) result[key] = mergeMap(before, value, at, keys);
    else if (Array.isArray(before) && Array.isArray(value))
      result[key] = mergeList(before, value, at, keys, isDeletion);
    else if (!isDeletion) setFresh(result, key, value);
  }
  return result;
}

/** Sets a value that has nothing to merge with: its directives and nulls do not become part of the object. */
function setFresh(into: Open, key: string, value: unknown): void {
  const clean = cleaned(value);
  if (clean === undefined) delete into[key];
  else into[key] = clean;
}

function cleaned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(cleaned).filter((item) => item !== undefined);
  if (!isObject(value)) return value;
  if (Object.hasOwn(value, directive)) return undefined;
  const members = Object.entries(value)
    .filter(([key, member]) => member !== null && !isListDirective(key))
    .map(([key, member]) => [key, cleaned(member)] as const);
  return Object.fromEntries(members.filter(([, member]) => member !== undefined));
}

const isListDirective = (key: string): boolean => key.startsWith(order) || key.startsWith(deletions);

function retainKeys(original: Open, patch: Open): Open {
  if (!Object.hasOwn(patch, retain)) return original;
  const kept = patch[retain];
  delete patch[retain];
  if (!Array.isArray(kept)) throw badRequest("invalid patch format of retainKeys");
  for (const [key, value] of Object.entries(patch)) {
    if (value !== null && !key.startsWith("$") && !kept.includes(key))
      throw badRequest("invalid patch format of retainKeys");
  }
  return Object.fromEntries(Object.entries(original).filter(([key]) => kept.includes(key)));
}

function mergeList(
  before: readonly unknown[],
  value: readonly unknown[],
  path: string,
  keys: MergeKeys,
  isDeletion: boolean,
): unknown[] {
  if (isDeletion) return before.filter((item) => !value.some((gone) => isDeepStrictEqual(gone, item)));
  const mergeKey = keys[path];
  if (mergeKey === undefined) return copyJson([...value]);
  if (mergeKey === "") {
    const merged = [...new Set([...before, ...value])];
    return sorted(merged, value, before, mergeKey);
  }
  return mergeObjects(before, value, mergeKey, path, keys);
}

function mergeObjects(
  before: readonly unknown[],
  patch: readonly unknown[],
  mergeKey: string,
  path: string,
  keys: MergeKeys,
): unknown[] {
  const items: Open[] = [];
  let kept = [...before];
  let replaces = false;
  if (![...before, ...patch].every(isObject))
    throw broken(`list element types are not identical: ${goPlain([before, patch])}`);
  for (const item of patch as readonly Open[]) {
    const what = item[directive];
    if (what === undefined) items.push(item);
    else if (what === "delete") kept = kept.filter((candidate) => !isSame(candidate, idOf(item, mergeKey), mergeKey));
    else if (what === "replace") replaces = true;
    else if (what === "merge") throw broken("merging lists cannot yet be specified in the patch");
    else throw unknownType(what, item);
  }
  if (replaces) return items.map(cleaned);
  const result = [...kept];
  for (const item of items) {
    const id = idOf(item, mergeKey);
    const at = result.findIndex((candidate) => isSame(candidate, id, mergeKey));
    if (at >= 0) result[at] = mergeMap(result[at] as Open, item, path, keys);
    else result.push(cleaned(item));
  }
  return sorted(result, items, kept, mergeKey);
}

function idOf(item: Open, mergeKey: string): unknown {
  if (item[mergeKey] !== undefined) return item[mergeKey];
  throw broken(`map: ${goPlain(item)} does not contain declared merge key: ${mergeKey}`);
}

const isSame = (candidate: unknown, id: unknown, mergeKey: string): boolean =>
  isObject(candidate) && isDeepStrictEqual(candidate[mergeKey], id);

/** `$setElementOrder/x` merges list x first and then sorts it: listed items in that order, others where they stood. */
function orderLists(result: Open, patch: Open, path: string, keys: MergeKeys): void {
  for (const name of Object.keys(patch).filter((key) => key.startsWith(order))) {
    const wanted = patch[name];
    delete patch[name];
    if (!Array.isArray(wanted)) throw notList(wanted);
    const key = name.slice(order.length);
    const at = path === "" ? key : `${path}.${key}`;
    const mergeKey = keys[at] ?? "";
    const before = result[key];
    const change = patch[key];
    delete patch[key];
    if (before !== undefined && !Array.isArray(before)) throw notList(before);
    if (change !== undefined && change !== null && !Array.isArray(change)) throw notList(change);
    checkOrder(change ?? [], wanted, mergeKey);
    if (before === undefined && !change) continue;
    const merged =
      change && before ? mergeList(before, change, at, keys, false) : ((before ?? cleaned(change)) as unknown[]);
    const stood = change && before && mergeKey ? orderAfter(before, change, merged, mergeKey) : (before ?? []);
    result[key] = sorted(merged, wanted, stood as unknown[], mergeKey);
  }
}

const notList = (value: unknown): Error =>
  broken(`expected a []interface {}, but received a ${isObject(value) ? "map[string]interface {}" : typeof value}`);

/** What is changed must come in the order that is asked for; items that are deleted do not count. */
function checkOrder(change: readonly unknown[], wanted: readonly unknown[], mergeKey: string): void {
  const id = (item: unknown): unknown => (mergeKey !== "" && isObject(item) ? idOf(item, mergeKey) : item);
  const ids = wanted.map(id);
  if (change.length === 0 || wanted.length === 0) return;
  const left = change.filter((item) => !isObject(item) || item[directive] === undefined);
  for (const next of ids) if (left.length > 0 && isDeepStrictEqual(id(left[0]), next)) left.shift();
  if (left.length === 0) return;
  throw broken(
    `The order in patch list:\n${goPlain(change)}\n doesn't match $setElementOrder list:\n${goPlain(wanted)}\n`,
  );
}

/**
 * The order that counts as the server's own: kube-apiserver merges into the live list in place, so new items take the
 * cells that deleted ones left at its end.
 */
function orderAfter(
  before: readonly unknown[],
  change: readonly unknown[],
  merged: readonly unknown[],
  mergeKey: string,
): unknown[] {
  const has = (list: readonly unknown[], item: unknown) =>
    isObject(item) && list.some((other) => isSame(other, item[mergeKey], mergeKey));
  const kept = before.filter((item) => has(merged, item));
  const fresh = change.filter((item) => has(merged, item) && !has(before, item));
  return [...kept, ...fresh].slice(0, before.length);
}

/** Items that the order names follow it; the server's own keep their place relative to what stood before them. */
function sorted(
  merged: readonly unknown[],
  wanted: readonly unknown[],
  before: readonly unknown[],
  mergeKey: string,
): unknown[] {
  const id = (item: unknown): unknown => (mergeKey === "" ? item : isObject(item) ? item[mergeKey] : undefined);
  const rank = (list: readonly unknown[], item: unknown): number =>
    list.findIndex((other) => isDeepStrictEqual(id(other), id(item)));
  const named = merged.filter((item) => rank(wanted, item) >= 0).sort((a, b) => rank(wanted, a) - rank(wanted, b));
  const others = merged.filter((item) => rank(wanted, item) < 0).sort((a, b) => rank(before, a) - rank(before, b));
  const result: unknown[] = [];
  let [i, j] = [0, 0];
  while (i < named.length && j < others.length) {
    const [a, b] = [rank(before, named[i]), rank(before, others[j])];
    // One of the server's own goes first only where it stood before the named one; a new one precedes all.
    if (a >= 0 && b >= 0 && b < a) result.push(others[j++]);
    else result.push(named[i++]);
  }
  return [...result, ...named.slice(i), ...others.slice(j)];
}
