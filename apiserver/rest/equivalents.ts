import type { Equivalent } from "../admission/request.ts";
import { apiVersion, type ServedKind } from "../kinds/kind.ts";
import type { Registry } from "../kinds/registry.ts";
import type { KubeObject } from "../store/entry.ts";

type Body = { readonly group: string; readonly version: string; readonly kind: string } | undefined;

/**
 * The other names of a kind's objects: each version of its definition, whether served or not, or the other Event API.
 * `body` is what requests for the subresource send where it is not the kind itself: that is the same everywhere.
 */
export function equivalentsOf(registry: Registry, kind: ServedKind, subresource: string, body: Body): Equivalent[] {
  return kind.custom ? versionsOf(kind, subresource, body) : sharersOf(registry, kind, subresource, body);
}

function versionsOf(kind: ServedKind, subresource: string, body: Body): Equivalent[] {
  const found: Equivalent[] = [];
  for (const [name, { hasStatus, hasScale = false }] of kind.versions ?? []) {
    const has = subresource === "" || (subresource === "status" ? hasStatus : hasScale);
    if (name === apiVersion(kind) || !has) continue;
    const version = name.slice(kind.group.length + 1);
    // Strategy None: the fields are what they are, whatever the other version's schema says.
    found.push(equivalent({ ...kind, version }, body, (object) => ({ ...object, apiVersion: name })));
  }
  return found;
}

function sharersOf(registry: Registry, kind: ServedKind, subresource: string, body: Body): Equivalent[] {
  return registry
    .all()
    .filter((other) => other.bucket === kind.bucket && apiVersion(other) !== apiVersion(kind))
    .filter((other) => subresource === "" || other.subresources.some(({ name }) => name === subresource))
    .map((other) =>
      equivalent(other, body, (object) => {
        const stored = kind.conversion?.toStored(object) ?? object;
        return { ...(other.conversion?.fromStored(stored) ?? stored), apiVersion: apiVersion(other), kind: other.kind };
      }),
    );
}

function equivalent(
  { group, version, plural, kind }: Pick<ServedKind, "group" | "version" | "plural" | "kind">,
  body: Body,
  convert: (object: KubeObject) => KubeObject,
): Equivalent {
  return {
    kind: body ?? { group, version, kind },
    resource: { group, version, resource: plural },
    convert: body ? (object) => object : convert,
  };
}
