import { isObject } from "../../lib/json.ts";
import { type Atom, deduce, memberAtom, type Scalar } from "./atom.ts";
import { goPlain, goSyntax } from "./go-value.ts";
import { itemElement, showElement } from "./path-element.ts";

/**
 * Why a configuration cannot be applied: a member that the schema does not know, a wrong type, an item named twice
 * (which stored objects may have: `duplicates`).
 */
export function checkTyped(value: unknown, given: Atom, duplicates = false): string[] {
  return check(value, given, duplicates, () => "");
}

/** `above`: the path, put together only for what is wrong, and once for all that is wrong below it. */
function check(value: unknown, given: Atom, duplicates: boolean, above: () => string): string[] {
  const atom = deduce(given, value);
  let path: string | undefined;
  const where = (): string => {
    path ??= above();
    return path;
  };
  const say = (message: string): string[] => [where() === "" ? message : `${where()}: ${message}`];
  if (value === null || value === undefined) return [];
  if (atom.map) {
    const map = atom.map;
    if (!isObject(value)) return say(`expected map, got ${plain(value)}`);
    return Object.entries(value).flatMap(([key, member]) => {
      if (!map.fields.has(key) && !map.element) return [`${where()}.${key}: field not declared in schema`];
      const below = memberAtom(map, key);
      // Nearly all members are scalars as they should be.
      if (below.scalar && typeof member !== "object" && fits(below.scalar, member)) return [];
      return check(member, below, duplicates, () => `${where()}.${key}`);
    });
  }
  if (atom.scalar)
    return fits(atom.scalar, value) ? [] : say(`expected ${expected[atom.scalar]}, got ${got(atom.scalar, value)}`);
  if (!atom.list) return [];
  if (!Array.isArray(value)) return say(`expected list, got ${plain(value)}`);
  const { associative, element } = atom.list;
  const seen = new Set<string>();
  const errors: string[] = [];
  for (const [index, item] of value.entries()) {
    if (!associative) {
      errors.push(...check(item, element, duplicates, () => `${where()}[${index}]`));
      continue;
    }
    const found = itemElement(atom.list, item);
    if ("problem" in found) return [...errors, ...say(`element ${index}: ${found.problem}`)];
    const at = () => showElement(found.element);
    if (seen.has(found.element) && !duplicates) errors.push(...say(`duplicate entries for key ${at()}`));
    seen.add(found.element);
    errors.push(...check(item, element, duplicates, () => where() + at()));
  }
  return errors;
}

/** Such errors as one text; undefined where there are none. */
export function misfitText(errors: readonly string[]): string | undefined {
  if (errors.length <= 1) return errors[0];
  return ["errors:", ...errors.map((error) => `  ${error}`)].join("\n");
}

const expected: Readonly<Record<Scalar, string>> = {
  numeric: "numeric (int or float)",
  string: "string",
  boolean: "boolean",
  untyped: "any scalar",
};

function fits(scalar: Scalar, value: unknown): boolean {
  if (scalar === "numeric") return typeof value === "number";
  if (scalar === "string") return typeof value === "string";
  return scalar === "boolean" ? typeof value === "boolean" : typeof value !== "object";
}

// kube-apiserver prints the pointer to its wrapper, once as `%v` and for strings as `%#v`.
const plain = (value: unknown): string => `&{${goPlain(value)}}`;

function got(scalar: Scalar, value: unknown): string {
  if (scalar === "numeric") return goType(value);
  return scalar === "string" ? `&value.valueUnstructured{Value:${goSyntax(value)}}` : plain(value);
}

/** `%T` of an unstructured value. */
function goType(value: unknown): string {
  if (typeof value === "string") return "string";
  if (typeof value === "boolean") return "bool";
  return Array.isArray(value) ? "[]interface {}" : "map[string]interface {}";
}
