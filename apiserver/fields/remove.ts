import { isObject } from "../../lib/json.ts";
import { type Atom, deduce, memberAtom } from "./atom.ts";
import type { FieldSet } from "./field-set.ts";
import { fieldElement, itemElement } from "./path-element.ts";

/**
 * The value without the given paths. A container that loses everything below a path of the set becomes null, which is
 * what kube-apiserver makes of it too (and then may refuse).
 */
export function removeFields(value: unknown, remove: FieldSet, given: Atom): unknown {
  const atom = deduce(given, value);
  if (atom.map) {
    const map = atom.map;
    if (!isObject(value) || Object.keys(value).length === 0 || map.atomic) return null;
    const kept: Record<string, unknown> = {};
    for (const [key, member] of Object.entries(value)) {
      const element = fieldElement(key);
      if (remove.members.has(element)) continue;
      const below = remove.below(element);
      kept[key] = below ? removeFields(member, below, memberAtom(map, key)) : member;
    }
    return Object.keys(kept).length > 0 ? kept : null;
  }
  if (atom.scalar || !atom.list) return value;
  if (!Array.isArray(value) || value.length === 0 || !atom.list.associative) return null;
  const kept: unknown[] = [];
  for (const item of value) {
    const found = itemElement(atom.list, item);
    const element = "element" in found ? found.element : "";
    if (remove.members.has(element)) continue;
    const below = remove.below(element);
    kept.push(below ? removeFields(item, below, atom.list.element) : item);
  }
  return kept.length > 0 ? kept : null;
}
