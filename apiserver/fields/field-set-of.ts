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
      const list = atom.list;
      // What an apply removes may leave items without an identity, which count as one.
      const elements = value.map((item) => {
        const found = itemElement(list, item);
        return "element" in found ? found.element : "";
      });
      const counts = new Map<PathElement, number>();
      for (const element of elements) counts.set(element, (counts.get(element) ?? 0) + 1);
      for (const [index, element] of elements.entries()) {
        const at = [...path, element];
        // Items that share an identity are owned together, not member by member.
        if (counts.get(element) === 1) collect(value[index], list.element, at, set);
        set.insert(at);
      }
    }
  }
}
