import type { Atom } from "./atom.ts";
import { type Comparison, compareValues, ignoring } from "./compare.ts";
import { FieldSet, type Path, showPath } from "./field-set.ts";
import { type Manager, type Managers, showManager } from "./managers.ts";
import type { Versions } from "./versions.ts";

/** One field that somebody else owns and that an apply would change. */
export interface FieldConflict {
  readonly manager: string;
  /** The path, such as `.spec.replicas`. */
  readonly field: string;
  /** `conflict with "x" using v1`. */
  readonly message: string;
}

/** What system fields never belong to anybody. */
const system = FieldSet.of(
  ["f:apiVersion"],
  ["f:kind"],
  ["f:metadata"],
  ...[
    "name",
    "namespace",
    "creationTimestamp",
    "selfLink",
    "uid",
    "clusterName",
    "generation",
    "managedFields",
    "resourceVersion",
  ].map((name): Path => ["f:metadata", `f:${name}`]),
);

export function withoutSystemFields(set: FieldSet): FieldSet {
  return set.difference(system);
}

/** How a change is seen: by its writer, and by managers of other versions where these are known. */
export interface View {
  readonly atom: Atom;
  readonly subresource: string;
  /** What the endpoint resets. */
  readonly ignored: FieldSet;
  readonly versions?: Versions | undefined;
  /** The kind has no other version: entries of another one vanish. */
  readonly onlyVersion?: string | undefined;
}

/**
 * Takes from everybody but `self` the fields that a change touches: changed or added ones they owned (conflicts), and
 * removed ones. Empty entries vanish.
 */
export function transfer(
  before: unknown,
  after: unknown,
  { atom, subresource, ignored, versions, onlyVersion }: View,
  managers: Managers,
  self: string,
): { readonly comparison: Comparison; readonly managers: Managers; readonly conflicts: readonly FieldConflict[] } {
  const comparison = ignoring(compareValues(before, after, atom), ignored);
  const byVersion = new Map<string, Comparison>();
  const seenBy = ({ apiVersion }: Manager): Comparison => {
    const other = versions?.atomOf(apiVersion);
    if (!other) return comparison;
    const seen = byVersion.get(apiVersion) ?? compareValues(before, after, other);
    byVersion.set(apiVersion, seen);
    return versions?.resetsIn(apiVersion, subresource) ? ignoring(seen, ignored) : seen;
  };
  const conflicts: FieldConflict[] = [];
  const result: Managers = new Map();
  for (const [key, entry] of managers) {
    if (key === self) {
      result.set(key, entry);
      continue;
    }
    if (onlyVersion !== undefined && entry.apiVersion !== onlyVersion) continue;
    const { modified, added, removed } = seenBy(entry);
    const taken = entry.set.intersection(modified.union(added));
    if (!taken.empty) conflicts.push(...conflictsOf(entry, taken));
    const isTouched = !taken.empty || !entry.set.isDisjoint(removed);
    const left = isTouched ? entry.set.difference(taken).difference(removed) : entry.set;
    if (!left.empty) result.set(key, { ...entry, set: left });
  }
  return { comparison, managers: result, conflicts };
}

function conflictsOf(entry: Manager, taken: FieldSet): FieldConflict[] {
  const message = `conflict with ${showManager(entry)}`;
  return [...taken.paths()].map((path) => ({ manager: entry.manager, field: showPath(path), message }));
}

/** "Apply failed with 2 conflicts: …", grouped by manager as kube-apiserver prints it. */
export function conflictMessage(conflicts: readonly FieldConflict[]): string {
  const [first] = conflicts;
  if (conflicts.length === 1 && first) return `Apply failed with 1 conflict: ${first.message}: ${first.field}`;
  const groups = new Map<string, string[]>();
  for (const { message, field } of conflicts) groups.set(message, [...(groups.get(message) ?? []), `- ${field}`]);
  const lines = [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([message, fields]) => [`${message.replace("conflict", "conflicts")}:`, ...fields]);
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join("\n")}`;
}
