import { isObject } from "../../lib/json.ts";
import { goQuote } from "../schema/field-errors.ts";
import { FieldSet } from "./field-set.ts";

/** One entry of managedFields. */
export interface Manager {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly apiVersion: string;
  readonly subresource: string;
  readonly time?: string;
  readonly set: FieldSet;
}

/** Entries by identity: (manager, operation, subresource, and for updates apiVersion). */
export type Managers = Map<string, Manager>;

export function identityOf(entry: Omit<Manager, "set" | "time">): string {
  const { manager, operation, subresource, apiVersion } = entry;
  return JSON.stringify([manager, operation, subresource, operation === "Update" ? apiVersion : ""]);
}

/**
 * Reads managedFields; undefined when an entry is malformed (the caller then goes on as if there were none). `stored`: they
 * are as `writeManagers` left them, so those that do not change need not be written anew.
 */
export function readManagers(entries: unknown, stored = false): Managers | undefined {
  const managers: Managers = new Map();
  if (entries === undefined || entries === null) return managers;
  if (!Array.isArray(entries)) return undefined;
  for (const entry of entries) {
    if (!isObject(entry)) return undefined;
    const { operation, apiVersion, fieldsType, manager = "", subresource = "", time, fieldsV1 = {} } = entry;
    if (operation !== "Apply" && operation !== "Update") return undefined;
    if (typeof apiVersion !== "string" || apiVersion === "" || fieldsType !== "FieldsV1") return undefined;
    const set = stored ? FieldSet.stored(fieldsV1) : FieldSet.parse(fieldsV1);
    if (!set) return undefined;
    const read: Manager = {
      manager: String(manager),
      operation,
      apiVersion,
      subresource: String(subresource),
      ...(typeof time === "string" ? { time } : {}),
      set,
    };
    managers.set(identityOf(read), read);
  }
  return managers;
}

/** As `metadata.managedFields`, in the server's order. */
export function writeManagers(managers: Managers): Record<string, unknown>[] {
  const entries = [...managers.values()].sort(
    (a, b) =>
      order(a.operation, b.operation) ||
      order(a.time ?? "", b.time ?? "") ||
      order(a.manager, b.manager) ||
      order(a.apiVersion, b.apiVersion) ||
      order(a.subresource, b.subresource),
  );
  return entries.map(({ manager, operation, apiVersion, subresource, time, set }) => ({
    ...(manager === "" ? {} : { manager }),
    operation,
    apiVersion,
    ...(time === undefined ? {} : { time }),
    fieldsType: "FieldsV1",
    fieldsV1: set.toFields(),
    ...(subresource === "" ? {} : { subresource }),
  }));
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** How conflict messages name an entry. */
export function showManager({ manager, operation, apiVersion, subresource }: Manager): string {
  const name = subresource === "" ? goQuote(manager) : `${goQuote(manager)} with subresource ${goQuote(subresource)}`;
  return operation === "Update" ? `${name} using ${apiVersion}` : name;
}

const maxUpdaters = 10;

/** Merges the oldest update entries into one called ancient-changes when there are more than ten. */
export function capUpdaters(managers: Managers): void {
  const updaters = [...managers].filter(([, entry]) => entry.operation === "Update");
  let excess = updaters.length - maxUpdaters;
  if (excess <= 0) return;
  updaters.sort(([a, x], [b, y]) => order(x.time ?? "", y.time ?? "") || order(a, b));
  const firstOfVersion = new Map<string, string>();
  for (const [key, entry] of updaters) {
    if (excess <= 0) return;
    const first = firstOfVersion.get(entry.apiVersion);
    if (first === undefined) {
      firstOfVersion.set(entry.apiVersion, key);
      continue;
    }
    const bucket: Omit<Manager, "set" | "time"> = {
      manager: "ancient-changes",
      operation: "Update",
      apiVersion: entry.apiVersion,
      subresource: "",
    };
    const id = identityOf(bucket);
    const held = managers.get(id) ?? managers.get(first);
    if (!managers.has(id)) managers.delete(first);
    managers.set(id, {
      ...bucket,
      ...(entry.time === undefined ? {} : { time: entry.time }),
      set: entry.set.union(held?.set ?? new FieldSet()),
    });
    if (key !== id) managers.delete(key);
    excess--;
  }
}
