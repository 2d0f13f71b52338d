import { sha256 } from "../lib/ids.ts";
import { canonicalJson } from "../lib/json.ts";
import { messageOf } from "../lib/problem.ts";
import { type ApplierPorts, listMembers, rehearse, remove, send, toFinding } from "./applier.ts";
import { type ApplySetParent, applySetId, listGroupKinds, putParent } from "./apply-set.ts";
import type { CrdSchemas } from "./crd-schemas.ts";
import { type Finding, formatFinding } from "./finding.ts";
import { KindResolver } from "./kind-resolver.ts";
import { readMemory, writeMemory } from "./memory-file.ts";
import { keyOf, type ObjectKey, titleOf } from "./object-key.ts";
import { crossCheck, type Memory, type Plan, plan, type Remembered, type Wanted } from "./plan.ts";
import type { SyncEvent, SyncOptions } from "./sync.ts";
import { type Root, readRoots } from "./units.ts";

export interface RoundReport {
  readonly objects: number;
  readonly applied: number;
  readonly removed: number;
  readonly invalid: number;
  readonly failed: number;
}

export interface RoundOptions extends SyncOptions {
  readonly schemas: CrdSchemas;
  readonly parent: ApplySetParent;
  readonly onChange: (event: SyncEvent) => void;
}

const parallel = 8;

/** One pass from folders to API, and what must be remembered between two of them. */
export class Round {
  readonly #options: RoundOptions;
  readonly #ports: ApplierPorts;
  #memory: Map<ObjectKey, Remembered> | undefined;
  #clusterId = "";
  // Said once, and again only when it changes: a sync that repeats itself is not read.
  readonly #said = new Map<string, string>();

  constructor(options: RoundOptions) {
    this.#options = options;
    this.#ports = { kube: options.kube, kinds: new KindResolver(options.kube), id: applySetId(options.parent) };
  }

  /** Reads, plans, tries, applies, removes. Throws when the API cannot be reached at all; may run again at any time. */
  async run(): Promise<RoundReport> {
    const { base, paths, schemas, parent, kube, stateFile } = this.#options;
    let live: ReadonlySet<ObjectKey> | undefined;
    if (!this.#memory) {
      const { uid, groupKinds } = await listGroupKinds(kube, parent);
      this.#memory = new Map(await readMemory(stateFile, uid));
      this.#clusterId = uid ?? "";
      live = await listMembers(groupKinds, this.#ports);
    }
    const memory = this.#memory;
    const read = crossCheck(await readRoots(paths, base, schemas), memory);
    const { roots, steps } = await this.#rehearsed(read, memory, live);

    if (steps.apply.length > 0 || this.#clusterId === "") {
      this.#clusterId = await putParent(kube, parent, [
        ...memory.keys(),
        ...(live ?? []),
        ...steps.apply.map((one) => one.key),
      ]);
    }
    const failed = new Set<ObjectKey>();
    const late = new Map<string, Finding>();
    for (const rank of groupBy(steps.apply, (one) => one.object.kind)) {
      await inParallel(rank, async (one) => {
        try {
          await send(one, this.#ports);
          memory.set(one.key, { apiVersion: one.apiVersion, hash: one.hash, unit: one.unit, root: one.root });
          this.#tell({ kind: "applied", object: titleOf(one.key), unit: one.unit });
        } catch (thrown) {
          const finding = toFinding(one, thrown);
          if (finding) late.set(one.unit, finding);
          else this.#fail(one.key, thrown, failed);
        }
      });
    }
    for (const key of steps.remove) {
      try {
        await remove(key, this.#ports);
        this.#tell({ kind: "removed", object: titleOf(key), unit: memory.get(key)?.unit ?? "" });
        memory.delete(key);
      } catch (thrown) {
        this.#fail(key, thrown, failed);
      }
    }
    if (steps.remove.length > 0) await putParent(kube, parent, memory.keys());
    if (steps.apply.length + steps.remove.length > 0) await writeMemory(stateFile, this.#clusterId, memory);
    const invalid = this.#report(roots, steps, late);
    return {
      objects: memory.size,
      applied: steps.apply.length - failed.size,
      removed: steps.remove.length,
      invalid,
      failed: failed.size,
    };
  }

  /** The plan after the server was asked about every change: a unit of which it refuses one object changes nothing. */
  async #rehearsed(read: readonly Root[], memory: Memory, live: ReadonlySet<ObjectKey> | undefined) {
    const first = planFor(read, memory, live);
    const newNamespaces = new Set(
      first.apply.filter((one) => one.object.kind === "Namespace").map((one) => one.object.metadata.name),
    );
    const refused = new Map<string, Finding[]>();
    await inParallel(first.apply, async (one) => {
      const finding = await rehearse(one, this.#ports, newNamespaces);
      if (finding) refused.set(one.unit, [...(refused.get(one.unit) ?? []), finding]);
    });
    if (refused.size === 0) return { roots: read, steps: first };
    const roots = read.map((root) => ({
      ...root,
      units: root.units.map((unit) => {
        const findings = refused.get(unit.file);
        return findings ? { file: unit.file, declared: [], findings } : unit;
      }),
    }));
    return { roots, steps: planFor(roots, memory, live) };
  }

  #report(roots: readonly Root[], steps: Plan, late: ReadonlyMap<string, Finding>): number {
    let invalid = 0;
    const units = roots.flatMap((root) => root.units);
    for (const unit of units) {
      const findings = [...unit.findings, ...(late.get(unit.file) ? [late.get(unit.file)!] : [])].map(formatFinding);
      if (findings.length > 0) invalid++;
      const text = findings.join("\n");
      const before = this.#said.get(unit.file) ?? "";
      this.#said.set(unit.file, text);
      if (text === before) continue;
      this.#tell(text === "" ? { kind: "valid", unit: unit.file } : { kind: "invalid", unit: unit.file, findings });
    }
    const kept = new Map(steps.kept.map(({ key, why }) => [titleOf(key), why]));
    for (const key of steps.deletedByHand)
      kept.set(titleOf(key), "it was deleted from the API by hand; change its file to make it again");
    for (const [object, why] of kept) {
      if (this.#said.get(object) !== why) this.#tell({ kind: "kept", object, why });
    }
    const names = new Set(units.map((unit) => unit.file));
    for (const said of this.#said.keys()) if (!kept.has(said) && !names.has(said)) this.#said.delete(said);
    for (const [object, why] of kept) this.#said.set(object, why);
    return invalid;
  }

  #fail(key: ObjectKey, thrown: unknown, failed: Set<ObjectKey>): void {
    failed.add(key);
    this.#tell({ kind: "failed", object: titleOf(key), message: messageOf(thrown) });
  }

  #tell(event: SyncEvent): void {
    this.#options.log.info(`sync: ${event.kind}`, { ...event });
    this.#options.onChange(event);
  }
}

function planFor(roots: readonly Root[], memory: Memory, live: ReadonlySet<ObjectKey> | undefined): Plan {
  const wanted = roots.flatMap((root) =>
    root.units.flatMap((unit) =>
      unit.declared.map((one): Wanted => {
        const { apiVersion } = one.object;
        const hash = sha256(canonicalJson(one.object));
        return { ...one, key: keyOf(one.object), apiVersion, hash, unit: unit.file, root: root.shown };
      }),
    ),
  );
  return plan({ roots, wanted, memory, ...(live ? { live } : {}) });
}

/** Neighbours with the same word, in order. */
function groupBy<T>(items: readonly T[], word: (item: T) => string): readonly (readonly T[])[] {
  const groups: T[][] = [];
  for (const item of items) {
    const last = groups.at(-1);
    if (last?.[0] !== undefined && word(last[0]) === word(item)) last.push(item);
    else groups.push([item]);
  }
  return groups;
}

async function inParallel<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  await Promise.all(
    Array.from({ length: parallel }, async () => {
      for (const item of queue) await act(item);
    }),
  );
}
