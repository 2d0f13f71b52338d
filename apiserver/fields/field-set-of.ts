import { isObject } from "../../lib/json.ts";
import { type Atom, deduce, memberAtom } from "./atom.ts";
import { FieldSet, type Path } from "./field-set.ts";
import { fieldElement, itemElement, type PathElement } from "./path-element.ts";

/**
 * The fields that an object sets: leaves; every item of a set or map list and every key of an open map; a struct field
 * itself only when it is a leaf, null or `{}`. An atomic list or map is one leaf; an empty list adds nothing.
 */
export function fieldSetOf(value: unknown, atom: Atom): FieldSet {
  const set = new FieldSet();
  collect(value, atom, [], set);
  return set;
}

function collect(value: unknown, given: Atom, path: Path, set: FieldSet): void {
  const atom = deduce(given, value);
  if (atom.map) {
    if (atom.map.atomic) set.insert(path);
    else if (isObject(value)) {
      for (const [key, member] of Object.entries(value)) {
        const at = [...path, fieldElement(key)];
        collect(member, memberAtom(atom.map, key), at, set);
        const hollow = member === null || (isObject(member) && Object.keys(member).length === 0);
        if (hollow || !atom.map.fields.has(key)) set.insert(at);
      }
    }
  } else if (atom.scalar) set.insert(path);
  else if (atom.list) {
    if (!atom.list.associative) set.insert(path);
    else if (Array.isArray(value)) {
      const elements = value.map((item) => itemElement(atom.list!, item));
      const counts = new Map<PathElement, number>();
      for (const found of elements)
        if ("element" in found) counts.set(found.element, (counts.get(found.element) ?? 0) + 1);
      for (const [index, found] of elements.entries()) {
        if (!("element" in found)) continue;
        // Items that share an identity are owned together, not member by member.
        if (counts.get(found.element) === 1) collect(value[index], atom.list.element, [...path, found.element], set);
        set.insert([...path, found.element]);
      }
    }
  }
}
