import { isObject } from "../../lib/json.ts";
import type { JsonSchema } from "../schema/json-schema.ts";
import { atomOfKind } from "./atom.ts";
import { checkTyped } from "./check.ts";
import { FieldSet } from "./field-set.ts";
import { capUpdaters, identityOf, type Manager, type Managers, readManagers, writeManagers } from "./managers.ts";
import { transfer, type View, withoutSystemFields } from "./ownership.ts";
import { type KindVersions, versionsOf } from "./versions.ts";
import { withZeros } from "./zero.ts";

export interface TrackOptions {
  /** The stored object; undefined on create. */
  readonly live: object | undefined;
  /** The object to store, as merged; its own managedFields count as the client sent them. */
  readonly next: object;
  readonly manager: string;
  readonly subresource: string;
  readonly apiVersion: string;
  readonly schema: { readonly schema: JsonSchema };
  /** RFC 3339. */
  readonly now: string;
  /** The objects may be of another shape than the schema says: they are validated later, if at all. */
  readonly untyped?: boolean;
  /** Of a custom kind: all its versions. */
  readonly versions?: KindVersions;
  /** The kind is served in no other version: what is said of fields in one is forgotten. Each Event has its own, too. */
  readonly onlyVersion?: boolean;
  /** Top-level paths that this endpoint resets and nobody can own through it. */
  readonly resetFields?: readonly (readonly string[])[];
}

/**
 * The managedFields after a create, update or patch: the writer's own `Update` entry gains what it changed and added;
 * everybody loses what was changed or removed. A client that sends `[]` or `[{}]` clears all of it, and an object
 * without any stays so until it is next applied to. Nobody owns anything of an object that does not have its schema's
 * shape.
 */
export function trackUpdate(options: TrackOptions): Record<string, unknown>[] {
  const { live, next } = options;
  const managers = currentManagers(live, next, options.subresource !== "");
  if (managers.size === 0 && live !== undefined) return [];
  const atom = atomOfKind(options.schema.schema);
  if (options.untyped && [live, next].some((object) => checkTyped(withoutManagers(object), atom, true).length > 0))
    return [];
  const versions = options.versions && versionsOf(options.versions, options.apiVersion);
  if ([live, next].some((object) => versions?.misfitOfAny(withoutManagers(object), managers) !== undefined)) return [];
  const entry = {
    manager: options.manager || "unknown",
    operation: "Update" as const,
    apiVersion: options.apiVersion,
    subresource: options.subresource,
  };
  const tracked = recordUpdate(
    withoutManagers(live),
    withoutManagers(next),
    {
      atom,
      subresource: options.subresource,
      ignored: resetSet(options),
      versions,
      onlyVersion: options.onlyVersion ? options.apiVersion : undefined,
    },
    managers,
    entry,
    options.now,
  );
  capUpdaters(tracked);
  return writeManagers(tracked);
}

/** Everything of `self` under a name that no entry has, then merged into the entry of the same identity. */
export function recordUpdate(
  before: unknown,
  after: unknown,
  view: View,
  managers: Managers,
  entry: Omit<Manager, "set" | "time">,
  now: string,
): Managers {
  const kind = after as { apiVersion?: unknown; kind?: unknown };
  const [from, to] = [withZeros(before, kind), withZeros(after, kind)];
  const { comparison, managers: left } = transfer(from, to, view, managers, "");
  const set = withoutSystemFields(comparison.modified.union(comparison.added).without(view.ignored));
  if (set.empty) return left;
  const id = identityOf(entry);
  const previous = left.get(id)?.set ?? new FieldSet();
  left.set(id, { ...entry, time: now, set: set.union(previous) });
  return left;
}

export function resetSet({ subresource, resetFields }: Pick<TrackOptions, "subresource" | "resetFields">): FieldSet {
  const paths = resetFields ?? (subresource === "status" ? [["metadata"], ["spec"]] : []);
  return FieldSet.of(...paths.map((path) => path.map((name) => `f:${name}`)));
}

export function withoutManagers(object: object | undefined): unknown {
  const metadata = object && (object as { metadata?: unknown }).metadata;
  if (!isObject(metadata)) return object;
  const { managedFields: _, ...rest } = metadata;
  return { ...object, metadata: rest };
}

function managedFieldsOf(object: object | undefined): unknown {
  const metadata = object && (object as { metadata?: unknown }).metadata;
  return isObject(metadata) ? metadata.managedFields : undefined;
}

export function liveManagers(live: object | undefined): Managers {
  return readManagers(managedFieldsOf(live), true) ?? new Map();
}

function currentManagers(live: object | undefined, next: object, ignoreSent: boolean): Managers {
  if (ignoreSent) return liveManagers(live);
  const sent = managedFieldsOf(next);
  if (isReset(sent)) return new Map();
  const managers = readManagers(sent);
  return managers && managers.size > 0 ? managers : liveManagers(live);
}

function isReset(sent: unknown): boolean {
  if (!Array.isArray(sent)) return false;
  return sent.length === 0 || (sent.length === 1 && isObject(sent[0]) && Object.keys(sent[0]).length === 0);
}
