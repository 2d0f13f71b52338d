import { isObject } from "../../lib/json.ts";
import { type Atom, deduce, type ListAtom, type MapAtom, memberAtom } from "./atom.ts";
import { itemElement, type PathElement } from "./path-element.ts";

type Map_ = Record<string, unknown>;

/**
 * Merges a configuration into a live value: the configuration wins at leaves; two empty containers are a leaf; items of
 * set and map lists keep the live order, but items that the configuration names follow its relative order. Undefined
 * means absent. Neither argument is changed; the result may share their parts.
 */
export function mergeValues(live: unknown, config: unknown, given: Atom): unknown {
  // Where the two have different shapes the configuration's counts.
  return apply(deduce(given, config === undefined ? live : config), live, config);
}

function apply(atom: Atom, live: unknown, config: unknown): unknown {
  if (atom.map) return mergeMaps(atom.map, live, config);
  if (atom.scalar) return leaf(live, config);
  return atom.list ? mergeLists(atom.list, live, config) : leaf(live, config);
}

const leaf = (live: unknown, config: unknown): unknown => (config === undefined ? live : config);

function mergeMaps(map: MapAtom, live: unknown, config: unknown): unknown {
  const lhs = isObject(live) ? live : undefined;
  const rhs = isObject(config) ? config : undefined;
  const isEmpty = (object: Map_ | undefined): boolean => !object || Object.keys(object).length === 0;
  if (map.atomic || (isEmpty(lhs) && isEmpty(rhs))) return leaf(live, config);
  const result: Map_ = {};
  for (const key of new Set([...Object.keys(lhs ?? {}), ...Object.keys(rhs ?? {})])) {
    const merged = mergeValues(own(lhs, key), own(rhs, key), memberAtom(map, key));
    if (merged !== undefined) result[key] = merged;
  }
  return Object.keys(result).length > 0 ? result : undefined;
}

const own = (object: Map_ | undefined, key: string): unknown =>
  object && Object.hasOwn(object, key) ? object[key] : undefined;

interface Indexed {
  readonly elements: readonly PathElement[];
  readonly items: readonly unknown[];
  readonly byElement: ReadonlyMap<PathElement, unknown>;
}

function index(list: ListAtom, items: readonly unknown[]): Indexed {
  const elements: PathElement[] = [];
  const kept: unknown[] = [];
  const byElement = new Map<PathElement, unknown>();
  for (const item of items) {
    const found = itemElement(list, item);
    if (!("element" in found)) continue;
    // An identity that occurs twice is not merged into: nobody can say with which of the two.
    byElement.set(found.element, byElement.has(found.element) ? null : item);
    elements.push(found.element);
    kept.push(item);
  }
  return { elements, items: kept, byElement };
}

function mergeLists(list: ListAtom, live: unknown, config: unknown): unknown {
  const lhsItems = Array.isArray(live) ? live : [];
  const rhsItems = Array.isArray(config) ? config : [];
  if (!list.associative || (lhsItems.length === 0 && rhsItems.length === 0)) return leaf(live, config);
  const lhs = index(list, lhsItems);
  const rhs = index(list, rhsItems);
  const result: unknown[] = [];
  const put = (left: unknown, right: unknown): void => {
    const merged = mergeValues(left, right, list.element);
    if (merged !== undefined) result.push(merged);
  };
  const shared = rhs.elements.filter((element) => lhs.byElement.has(element));
  let nextShared = shared.shift();
  const merged = new Set<PathElement>();
  let [l, r] = [0, 0];
  while (l < lhs.elements.length || r < rhs.elements.length) {
    const left = lhs.elements[l];
    const right = rhs.elements[r];
    if (left !== undefined && right !== undefined) {
      if (left === right) {
        merged.add(left);
        put(lhs.byElement.get(left), rhs.byElement.get(right));
        l++;
        r++;
        nextShared = shared.shift();
        continue;
      }
      if (rhs.byElement.has(left) && nextShared !== undefined && nextShared !== left) {
        // Shared, but not the one whose turn it is: the configuration's order places it later.
        l++;
        continue;
      }
    }
    if (left !== undefined) {
      if (!rhs.byElement.has(left)) {
        put(lhs.items[l], undefined);
        l++;
        continue;
      }
      if (merged.has(left)) l++;
    }
    if (right !== undefined) {
      merged.add(right);
      put(lhs.byElement.get(right), rhs.byElement.get(right));
      r++;
      if (nextShared === right) nextShared = shared.shift();
    }
  }
  return result.length > 0 ? result : undefined;
}
