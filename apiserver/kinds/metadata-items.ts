import { isObject } from "../../lib/json.ts";
import { badTime, goTime } from "./go-time.ts";

interface Items {
  readonly struct: string;
  /** The Go type of each member. */
  readonly members: Readonly<Record<string, string>>;
}

/** The lists of structs that metadata has. */
const lists: Readonly<Record<string, Items>> = {
  ownerReferences: {
    struct: "OwnerReference",
    members: {
      apiVersion: "string",
      kind: "string",
      name: "string",
      uid: "types.UID",
      controller: "bool",
      blockOwnerDeletion: "bool",
    },
  },
  managedFields: {
    struct: "ManagedFieldsEntry",
    members: {
      manager: "string",
      operation: "v1.ManagedFieldsOperationType",
      apiVersion: "string",
      time: "v1.Time",
      fieldsType: "string",
      fieldsV1: "v1.FieldsV1",
      subresource: "string",
    },
  },
};

/** A member that does not fit into Go's struct, or a time that is none (`why`). */
export type Misfit =
  | { readonly why: string }
  | {
      readonly why?: undefined;
      readonly struct: string;
      readonly member: string;
      readonly go: string;
      readonly value: unknown;
    };

/**
 * Brings the items of a list in metadata into their typed form, in place: nulls are empty items, unknown members are dropped
 * and named, null members vanish. Returns the first that does not fit. Items that are no objects are left as they are.
 */
export function typeItems(key: string, list: unknown[], unknown: string[], sorted: boolean): Misfit | undefined {
  const items = Object.hasOwn(lists, key) ? lists[key] : undefined;
  if (!items) return undefined;
  for (const index of list.keys()) {
    list[index] ??= {};
    const item = list[index];
    if (!isObject(item)) return undefined;
    const members = Object.keys(item);
    for (const member of sorted ? members.sort() : members) {
      const go = Object.hasOwn(items.members, member) ? items.members[member]! : undefined;
      const value = item[member];
      if (go === undefined) unknown.push(`metadata.${key}[${index}].${member}`);
      if (go === undefined || value === null) delete item[member];
      else if (!fits(value, go)) return { struct: items.struct, member: `${key}.${member}`, go, value };
      else if (go === "v1.Time") {
        const why = badTime(value as string, false);
        if (why) return { why };
        item[member] = goTime(value as string);
      }
    }
  }
  return undefined;
}

function fits(value: unknown, go: string): boolean {
  // Whatever it holds is kept as it is; whether it is a set of fields is asked later.
  if (go === "v1.FieldsV1") return true;
  return typeof value === (go === "bool" ? "boolean" : "string");
}
