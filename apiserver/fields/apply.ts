import { isDeepStrictEqual } from "node:util";
import { copyJson, isObject } from "../../lib/json.ts";
import { failure } from "../http/status.ts";
import { annotationBytes, maxAnnotationBytes } from "../kinds/metadata.ts";
import { goJson } from "../schema/field-errors.ts";
import type { JsonSchema } from "../schema/json-schema.ts";
import { type Atom, atomOfKind } from "./atom.ts";
import { checkTyped, misfitText } from "./check.ts";
import { FieldSet, showPath } from "./field-set.ts";
import { fieldSetOf } from "./field-set-of.ts";
import { identityOf, type Manager, type Managers, writeManagers } from "./managers.ts";
import { mergeValues } from "./merge.ts";
import { type FieldConflict, transfer, type View, withoutSystemFields } from "./ownership.ts";
import { removeFields } from "./remove.ts";
import { liveManagers, recordUpdate, resetSet, withoutManagers } from "./track.ts";
import { type KindVersions, versionsOf } from "./versions.ts";

export interface ApplyOptions {
  /** The stored object; undefined when the apply creates it. */
  readonly live: object | undefined;
  /** What the manager wants: the fields it sets, and no others. */
  readonly config: object;
  readonly manager: string;
  readonly force: boolean;
  readonly subresource: string;
  readonly schema: { readonly schema: JsonSchema };
  readonly apiVersion: string;
  /** RFC 3339. */
  readonly now: string;
  readonly resetFields?: readonly (readonly string[])[];
  /** Of a custom kind: all its versions. */
  readonly versions?: KindVersions;
  /** The kind is served in no other version: what is said of fields in one is forgotten. Each Event has its own, too. */
  readonly onlyVersion?: boolean;
}

export type ApplyResult =
  | { readonly object: Record<string, unknown>; readonly conflicts?: undefined }
  | { readonly conflicts: readonly FieldConflict[]; readonly object?: undefined };

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

/**
 * Server-side apply (KEP-555): merges the configuration into the live object, removes what this manager applied before
 * and nobody owns any more, and records ownership in managedFields. Answers conflicts instead when the result would
 * change what others own and `force` is false. Throws a 500 like the real server for a configuration that does not fit
 * the schema. Changes neither argument.
 */
export function serverSideApply(options: ApplyOptions): ApplyResult {
  const atom = atomOfKind(options.schema.schema);
  const hasManagers = liveManagers(options.live).size > 0;
  const before = "failed to create manager for existing fields: ";
  if (!hasManagers) refuseMistyped(options.live, atom, `${before}failed to convert new object`, " to smd typed", true);
  refuseMistyped(options.config, atom, "failed to create typed patch object");
  if (hasManagers) refuseMistyped(options.live, atom, "failed to create typed live object", "", true);
  const result = applyOnce(options, atom, options.force);
  if (result.object) return { object: withLastApplied(options, result.object) };
  // kubectl may take over what its own client-side apply set, which the annotation tells.
  const mine = options.manager === "kubectl" ? annotated(options.live, atom) : undefined;
  if (!mine) return result;
  const others = result.conflicts.filter(({ field }) => !mine.has(field));
  if (others.length > 0) return { conflicts: others };
  const forced = applyOnce(options, atom, true);
  return forced.object ? { object: withLastApplied(options, forced.object) } : forced;
}

/** Refuses an object without the shape of its schema; stored ones may name an item twice (`duplicates`). */
function refuseMistyped(object: object | undefined, atom: Atom, what: string, to = "", duplicates = false): void {
  const why = object && misfitText(checkTyped(withoutManagers(object), atom, duplicates));
  if (why !== undefined) throw failure(500, "", `${what} (${named(object)})${to}: ${why}`);
}

/** An object as Go prints it: where it is and of what type. */
function named(object: object = {}): string {
  const {
    metadata,
    kind,
    apiVersion = "",
  } = object as {
    metadata?: { name?: string; namespace?: string };
    kind?: string;
    apiVersion?: string;
  };
  const group = apiVersion.includes("/") ? apiVersion : `/${apiVersion}`;
  return `${metadata?.namespace ?? ""}/${metadata?.name ?? ""}; ${group}, Kind=${kind ?? ""}`;
}

function applyOnce(options: ApplyOptions, atom: Atom, force: boolean): ApplyResult {
  const { config, apiVersion, subresource, now } = options;
  const live = withoutManagers(options.live) ?? { apiVersion, kind: (config as { kind?: unknown }).kind };
  const ignored = resetSet(options);
  const versions = options.versions && versionsOf(options.versions, apiVersion);
  const view = {
    atom,
    subresource,
    ignored,
    versions,
    onlyVersion: options.onlyVersion ? options.apiVersion : undefined,
  };
  const entry = { manager: options.manager || "unknown", operation: "Apply" as const, apiVersion, subresource };
  const id = identityOf(entry);
  let managers = liveManagers(options.live);
  if (managers.size === 0 && options.live) {
    const first = { ...entry, manager: "before-first-apply", operation: "Update" as const };
    const nothing = { apiVersion, kind: (config as { kind?: unknown }).kind };
    managers = recordUpdate(nothing, live, view, managers, first, now);
  }
  refuseMisfit(versions?.misfitOfAny(live, managers));
  const last = managers.get(id);
  const set = fieldSetOf(config, atom).without(ignored);
  managers.set(id, { ...entry, ...(last?.time === undefined ? {} : { time: last.time }), set });
  const merged = mergeValues(live, config, atom);
  const pruned = last && !last.set.empty ? prune(merged, view, managers, last) : merged;
  refuseMisfit(versions?.misfitOfAny(pruned, managers), "failed to convert new object: ");
  const { managers: left, conflicts } = transfer(live, pruned, view, managers, id);
  if (conflicts.length > 0 && !force) return { conflicts };
  const own = withoutSystemFields(left.get(id)?.set ?? new FieldSet());
  const changed = !isDeepStrictEqual(live, pruned);
  store(left, id, left.get(id), own, changed ? now : undefined);
  return { object: withManagers(changed ? pruned : live, left) };
}

/** The entry's time moves only when the object changed. */
function store(
  managers: Managers,
  id: string,
  entry: Manager | undefined,
  set: FieldSet,
  now: string | undefined,
): void {
  if (!entry) return;
  if (set.empty) managers.delete(id);
  else managers.set(id, { ...entry, set, ...(now === undefined ? {} : { time: now }) });
}

function refuseMisfit(why: string | undefined, before = ""): void {
  if (why !== undefined) throw failure(500, "", before + why);
}

/**
 * Removes what this manager applied last time, in the version it did so, unless anybody, its new set included, owns it
 * in any version.
 */
function prune(merged: unknown, { atom: own, versions }: View, managers: Managers, last: Manager): unknown {
  const pruning = "failed to prune fields: ";
  refuseMisfit(
    versions?.misfit(merged, last.apiVersion),
    `${pruning}failed to convert merged object to last applied version: `,
  );
  const atomOf = (version: string): Atom => versions?.atomOf(version) ?? own;
  const atom = atomOf(last.apiVersion);
  const lastNamed = last.set.withNamedFields(atom);
  let restored = removeFields(merged, lastNamed, atom);
  for (const [version, owned] of ownedByVersion(managers, last.apiVersion)) {
    refuseMisfit(
      versions?.misfit(merged, version),
      `${pruning}failed add back owned items: failed to convert merged object at version ${version}: `,
    );
    restored = removeFields(merged, lacking(merged, restored, atomOf(version), owned), atomOf(version));
  }
  return removeFields(merged, lacking(merged, restored, atom, new FieldSet()).intersection(lastNamed), atom);
}

/** What the whole has beyond the rest and what is owned. */
function lacking(whole: unknown, rest: unknown, atom: Atom, owned: FieldSet): FieldSet {
  const kept = fieldSetOf(rest ?? {}, atom)
    .withNamedFields(atom)
    .union(owned.withNamedFields(atom));
  return fieldSetOf(whole, atom).withNamedFields(atom).difference(kept);
}

function ownedByVersion(managers: Managers, first: string): ReadonlyMap<string, FieldSet> {
  const owned = new Map([[first, new FieldSet()]]);
  for (const { apiVersion, set } of managers.values())
    owned.set(apiVersion, (owned.get(apiVersion) ?? new FieldSet()).union(set));
  return owned;
}

function withManagers(object: unknown, managers: Managers): Record<string, unknown> {
  const { metadata, ...rest } = object as { metadata?: Record<string, unknown> };
  const managedFields = writeManagers(managers);
  return copyJson({
    ...rest,
    metadata: { ...metadata, ...(managedFields.length > 0 ? { managedFields } : {}) },
  });
}

/** Fields that kubectl's annotation on the live object says it set, as conflict paths. */
function annotated(live: object | undefined, atom: Atom): ReadonlySet<string> | undefined {
  const text = annotationsOf(live)?.[lastApplied];
  if (typeof text !== "string" || text === "") return undefined;
  try {
    const config: unknown = JSON.parse(text);
    if (!isObject(config) || !live) return undefined;
    // Only what is still as the annotation says may be taken without asking.
    const set = fieldSetOf(config, atom);
    const { conflicts } = transfer(
      config,
      live,
      { atom, subresource: "", ignored: new FieldSet() },
      new Map([["", asOwner(set)]]),
      "-",
    );
    const changed = new Set(conflicts.map(({ field }) => field));
    return new Set([...pathsOf(set)].filter((field) => !changed.has(field)));
  } catch {
    return undefined;
  }
}

const asOwner = (set: FieldSet): Manager => ({
  manager: "kubectl",
  operation: "Update",
  apiVersion: "v1",
  subresource: "",
  set,
});

function pathsOf(set: FieldSet): Set<string> {
  return new Set([...set.paths()].map(showPath));
}

function annotationsOf(object: object | undefined): Record<string, unknown> | undefined {
  const metadata = (object as { metadata?: { annotations?: Record<string, unknown> } } | undefined)?.metadata;
  return metadata?.annotations;
}

/** Keeps the client-side annotation, where there is one, in step with what kubectl applied. */
function withLastApplied(options: ApplyOptions, object: Record<string, unknown>): Record<string, unknown> {
  if (options.manager !== "kubectl") return object;
  const annotations = annotationsOf(object);
  if (!annotations?.[lastApplied]) return object;
  const config = copyJson(options.config) as { metadata?: { annotations?: Record<string, unknown> } };
  if (config.metadata?.annotations) delete config.metadata.annotations[lastApplied];
  annotations[lastApplied] = `${goJson(config)}\n`;
  // It only helps a client that comes back to client-side apply: no object is refused because of it.
  if (annotationBytes(annotations) > maxAnnotationBytes) delete annotations[lastApplied];
  return object;
}
