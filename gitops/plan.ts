import type { Declared, ReadFile } from "./manifests.ts";
import { keyOf, type ObjectKey, parseKey, rankOf } from "./object-key.ts";
import type { Root } from "./units.ts";

/** What the last sync did, so that the next one acts on what changed in the files, and on nothing else. */
export type Memory = ReadonlyMap<ObjectKey, Remembered>;

export interface Remembered {
  readonly apiVersion: string;
  /** Digest of the object as declared. */
  readonly hash: string;
  /** The file or role folder, and the root it was found under. */
  readonly unit: string;
  readonly root: string;
}

export interface Wanted extends Declared, Remembered {
  readonly key: ObjectKey;
}

export interface Plan {
  /** In the order to apply. */
  readonly apply: readonly Wanted[];
  /** In the order to remove. */
  readonly remove: readonly ObjectKey[];
  /** What stays although no file declares it (any more), and why. */
  readonly kept: readonly { readonly key: ObjectKey; readonly why: string }[];
  /** What a file declares and somebody deleted from the API. It is not made again until its file changes. */
  readonly deletedByHand: readonly ObjectKey[];
}

export interface PlanInput {
  readonly roots: readonly Root[];
  readonly wanted: readonly Wanted[];
  readonly memory: Memory;
  /** Members of the sync that exist in the API; undefined where it was not asked: then memory counts. */
  readonly live?: ReadonlySet<ObjectKey>;
}

// Taking these away takes away all that is in them, of whoever made it. A person does that by hand.
const neverPruned = new Set(["Namespace", "CustomResourceDefinition"]);

/**
 * Says what to apply and what to remove, from the files and the memory of the last sync alone. A unit that cannot be
 * read keeps its objects as they are; a root that is empty or unreadable loses nothing.
 */
export function plan({ roots, wanted, memory, live }: PlanInput): Plan {
  const declared = new Set(wanted.map((one) => one.key));
  const troubles = new Map(roots.flatMap((root) => (root.trouble ? [[root.shown, root.trouble] as const] : [])));
  const broken = new Set(roots.flatMap((root) => root.units.filter((u) => u.findings.length > 0).map((u) => u.file)));

  const apply: Wanted[] = [];
  const deletedByHand: ObjectKey[] = [];
  for (const one of wanted) {
    if (memory.get(one.key)?.hash !== one.hash) apply.push(one);
    else if (live && !live.has(one.key)) deletedByHand.push(one.key);
  }

  const remove: ObjectKey[] = [];
  const kept: { key: ObjectKey; why: string }[] = [];
  for (const key of new Set([...memory.keys(), ...(live ?? [])])) {
    if (declared.has(key) || (live && !live.has(key))) continue;
    const from = memory.get(key);
    const unknownRoot = !from || !roots.some((root) => root.shown === from.root);
    // Where it came from is not known, so any broken part could be the one that still declares it.
    const doubt = unknownRoot ? ([...troubles.values()][0] ?? [...broken][0]) : troubles.get(from.root);
    if (doubt !== undefined) kept.push({ key, why: from ? `${from.root}: ${doubt}` : doubt });
    else if (from && broken.has(from.unit)) kept.push({ key, why: `${from.unit} has errors` });
    else if (neverPruned.has(parseKey(key).kind))
      kept.push({ key, why: "deleting it would delete all that is in it; use kubectl delete" });
    else remove.push(key);
  }
  return {
    apply: apply.toSorted((a, b) => rankOf(a.object.kind) - rankOf(b.object.kind)),
    remove: remove.toSorted((a, b) => rankOf(parseKey(b).kind) - rankOf(parseKey(a).kind)),
    kept,
    deletedByHand,
  };
}

/**
 * Adds findings that only show between units and over time: one object in two files, and a file that lost everything it
 * declared (an editor that truncates before it writes looks just so; deleting is done by deleting the file).
 */
export function crossCheck(roots: readonly Root[], memory: Memory): readonly Root[] {
  const owners = new Map<ObjectKey, string>();
  return roots.map((root) => ({
    ...root,
    units: root.units.map((unit): ReadFile => {
      const findings = [...unit.findings];
      for (const { object, at } of unit.declared) {
        const key = keyOf(object);
        const other = owners.get(key);
        if (other !== undefined) {
          const where = other === unit.file ? "earlier in this file" : `in ${other}`;
          findings.push({ at, message: `${object.kind} "${object.metadata.name}" is declared ${where} already` });
        }
        owners.set(key, unit.file);
      }
      const hadSome = [...memory.values()].some((one) => one.unit === unit.file);
      if (unit.declared.length === 0 && findings.length === 0 && hadSome) {
        const at = { file: unit.file, line: 1, column: 1 };
        findings.push({ at, message: "is empty; delete the file to delete what it declared" });
      }
      return findings.length > 0 ? { file: unit.file, declared: [], findings } : unit;
    }),
  }));
}
