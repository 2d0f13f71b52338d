import { isDeepStrictEqual } from "node:util";
import { copyJson, isObject } from "../../lib/json.ts";
import { badRequest, failure } from "../http/status.ts";
import { goType } from "../kinds/metadata.ts";

const maxOperations = 10_000;
/** Bytes that `copy` may add in one patch, as kube-apiserver allows (three times its largest request). */
const maxCopied = 3 * 3 * 1024 * 1024;
const polluting = new Set(["__proto__", "constructor", "prototype"]);

/**
 * Applies a JSON patch (RFC 6902) and answers the result; neither argument is changed. Like the server's library it
 * counts negative indices from the end and lets `replace` add a missing member. Throws 400 for a patch that is none, 413
 * for too many operations and 422 for one that does not apply; `strict` also types what it says before it is tried. Refuses paths that would reach a prototype.
 */
export function applyJsonPatch(doc: unknown, patch: unknown, strict = true): unknown {
  if (patch === null) return copyJson(doc);
  if (!Array.isArray(patch)) {
    const why = `json: cannot unmarshal ${goType(patch)} into Go value of type`;
    throw badRequest(strict ? `error decoding patch: ${why} []handlers.jsonPatchOp` : `${why} jsonpatch.Patch`);
  }
  if (patch.length > maxOperations) {
    const message = `The allowed maximum operations in a JSON patch is ${maxOperations}, got ${patch.length}`;
    throw failure(413, "RequestEntityTooLarge", `Request entity too large: ${message}`);
  }
  for (const operation of patch) checkTypes(operation, strict);
  const state: State = { root: copyJson(doc), copied: 0 };
  for (const operation of patch) run(state, operation);
  return state.root;
}

/** Each operation must fit into a Go struct, before the first one is tried; without strictness any object does. */
function checkTypes(operation: unknown, strict: boolean): void {
  const cannot = (value: unknown, into: string): Error =>
    badRequest(`${strict ? "error decoding patch: " : ""}json: cannot unmarshal ${goType(value)} into Go ${into}`);
  if (operation === null) return;
  if (!isObject(operation))
    throw cannot(operation, `value of type ${strict ? "handlers.jsonPatchOp" : "jsonpatch.Operation"}`);
  if (!strict) return;
  for (const [name, value] of Object.entries(operation)) {
    const text = ["op", "path", "from"].includes(name);
    if (text && value !== null && typeof value !== "string")
      throw cannot(value, `struct field jsonPatchOp.${name} of type string`);
  }
}

interface State {
  root: unknown;
  copied: number;
}

/** What a 422 of this kind says: kube-apiserver keeps the reason to itself, so it is only the error's cause here. */
function refuse(why: string): Error {
  return Object.assign(failure(422, "Invalid", "the server rejected our request due to an error in our request", {}), {
    cause: why,
  });
}

function run(state: State, operation: unknown): void {
  // Go reads null as an operation without members.
  if (!isObject(operation)) throw refuse("Unexpected kind: ");
  const { op } = operation;
  const path = pointerOf(operation, "path");
  const value = (): unknown => copyJson(operation.value ?? null);
  if (op === "add") add(state, path, value());
  else if (op === "remove") remove(state, path);
  else if (op === "replace") replace(state, path, value());
  else if (op === "copy") copy(state, pointerOf(operation, "from"), path);
  else if (op === "move") {
    const moved = remove(state, pointerOf(operation, "from"));
    add(state, path, moved);
  } else if (op !== "test") throw refuse(`Unexpected kind: ${String(op)}`);
  else if (!isDeepStrictEqual(path.length === 0 ? state.root : (read(state, path) ?? null), value())) {
    throw refuse(`testing value ${textOf(path)} failed: test failed`);
  }
}

type Pointer = readonly string[];

function pointerOf(operation: Record<string, unknown>, member: "path" | "from"): Pointer {
  const text = operation[member];
  if (typeof text !== "string") throw refuse(`operation missing ${member} field: missing value`);
  if (text === "") return [];
  // The server's library takes what stands before the first slash for nothing.
  const parts = text
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  if (parts.some((part) => polluting.has(part))) throw refuse(`path "${text.slice(0, 200)}" names a prototype`);
  return parts;
}

const textOf = (path: Pointer): string => path.map((part) => `/${part}`).join("");

/** The object or list that holds the path's last part. */
function holder(state: State, path: Pointer): Record<string, unknown> | unknown[] {
  let at: unknown = state.root;
  for (const part of path.slice(0, -1)) {
    if (Array.isArray(at)) at = at[indexIn(at, part, path)];
    else at = isObject(at) && Object.hasOwn(at, part) ? at[part] : undefined;
  }
  if (Array.isArray(at) || isObject(at)) return at;
  throw refuse(`operation does not apply: doc is missing path: "${textOf(path)}": missing value`);
}

function indexIn(list: readonly unknown[], part: string, path: Pointer, size = list.length): number {
  const index = /^[+-]?\d+$/.test(part) ? Number(part) : Number.NaN;
  if (Number.isNaN(index)) throw refuse(`value was not a proper array index: '${part}' in path "${textOf(path)}"`);
  const at = index < 0 ? index + size : index;
  if (at < 0 || at >= size) throw refuse(`Unable to access invalid index: ${index}: invalid index referenced`);
  return at;
}

function read(state: State, path: Pointer): unknown {
  const at = holder(state, path);
  const last = path.at(-1)!;
  if (Array.isArray(at)) return at[indexIn(at, last, path)];
  return Object.hasOwn(at, last) ? at[last] : undefined;
}

function add(state: State, path: Pointer, value: unknown): void {
  // The server's library cannot add at the root.
  if (path.length === 0) throw refuse('add operation does not apply: doc is missing path: "": missing value');
  const at = holder(state, path);
  const last = path.at(-1)!;
  if (!Array.isArray(at)) at[last] = value;
  else if (last === "-") at.push(value);
  else at.splice(indexIn(at, last, path, at.length + 1), 0, value);
}

function remove(state: State, path: Pointer): unknown {
  if (path.length === 0) throw refuse('remove operation does not apply: doc is missing path: "": missing value');
  const at = holder(state, path);
  const last = path.at(-1)!;
  if (Array.isArray(at)) return at.splice(indexIn(at, last, path), 1)[0];
  if (!Object.hasOwn(at, last)) throw refuse(`Unable to remove nonexistent key: ${last}: missing value`);
  const removed = at[last];
  delete at[last];
  return removed;
}

function replace(state: State, path: Pointer, value: unknown): void {
  if (path.length === 0) {
    if (typeof value !== "object" || value === null) throw refuse("replace operation value must be object or array");
    state.root = value;
    return;
  }
  const at = holder(state, path);
  const last = path.at(-1)!;
  if (Array.isArray(at)) at[indexIn(at, last, path)] = value;
  else at[last] = value;
}

function copy(state: State, from: Pointer, path: Pointer): void {
  if (from.length === 0) throw refuse('copy operation does not apply: doc is missing from path: "": missing value');
  const value = read(state, from) ?? null;
  state.copied += JSON.stringify(value).length;
  // Doubling a document in each of 10,000 operations would fill any memory.
  if (state.copied > maxCopied) {
    throw refuse(
      `Unable to complete the copy, the accumulated size increase of copy is ${state.copied}, exceeding the limit ${maxCopied}`,
    );
  }
  add(state, path, copyJson(value));
}
