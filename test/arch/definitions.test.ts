import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { conditionTypes } from "../../api/conditions.ts";
import { kinds } from "../../api/kinds.ts";
import { readDefinitions, type Schema } from "../../scripts/generate/schema.ts";
import { root } from "./sources.ts";

const definitions = readDefinitions(path.join(root, "crds"));

const schemaKeys = new Set(
  (
    "type description properties additionalProperties items required enum default format pattern minimum maximum minLength maxLength " +
    "minItems maxItems minProperties maxProperties x-kubernetes-list-type x-kubernetes-list-map-keys x-kubernetes-preserve-unknown-fields " +
    "x-kubernetes-validations"
  ).split(" "),
);

/** Laws of our API types: each says why a field that breaks it would hurt. */
const laws: Readonly<Record<string, (field: Schema, at: string) => boolean>> = {
  "every field has a description, because kubectl explain prints nothing else": (field, at) =>
    (field.description ?? "").length > 2 || at.endsWith("metadata"),
  "every key is one that a structural schema has, or the server would drop it in silence": (field) =>
    Object.keys(field).every((key) => schemaKeys.has(key)),
  "no booleans: a third value always comes": (field) => field.type !== "boolean",
  "no floating numbers: money and rates are decimal strings": (field) => field.type !== "number",
  "every string is bounded, or the API server refuses rules over it": (field, at) =>
    field.type !== "string" ||
    field.enum !== undefined ||
    field.maxLength !== undefined ||
    field.format === "date-time" ||
    /^\.(apiVersion|kind)$/.test(at),
  "every list is bounded": (field) => field.type !== "array" || field.maxItems !== undefined,
  "every map is bounded": (field) => field.additionalProperties === undefined || field.maxProperties !== undefined,
  "every list says how it merges": (field) => field.type !== "array" || field["x-kubernetes-list-type"] !== undefined,
  "every keyed list names its keys, and items require them": (field) =>
    field["x-kubernetes-list-type"] !== "map" ||
    (field["x-kubernetes-list-map-keys"] ?? []).every((key) => field.items?.required?.includes(key)),
  "no default in a spec: what is in git would not be what is live": (field, at) => at !== ".spec" || !hasDefault(field),
  "every rule of its own has a message": (field) =>
    (field["x-kubernetes-validations"] ?? []).every((rule) => rule.message),
  "durations are integers with the unit in the name": (field, at) =>
    !/(timeout|duration|deadline|ttl|retention)$/i.test(at) || field.type !== "integer",
  "no field is a YAML 1.1 boolean": (_, at) => !/\.(y|n|yes|no|on|off)$/i.test(at),
};

function hasDefault(schema: Schema): boolean {
  return (
    schema.default !== undefined ||
    Object.values(schema.properties ?? {}).some(hasDefault) ||
    (schema.items ? hasDefault(schema.items) : false)
  );
}

function* fields(schema: Schema, at: string): Generator<readonly [Schema, string]> {
  for (const [key, field] of Object.entries(schema.properties ?? {})) {
    yield [field, `${at}.${key}`];
    yield* fields(field, `${at}.${key}`);
  }
  if (schema.items) yield* below(schema.items, `${at}[]`);
  if (schema.additionalProperties) yield* below(schema.additionalProperties, `${at}{}`);
}

function* below(schema: Schema, at: string): Generator<readonly [Schema, string]> {
  yield [schema, at];
  yield* fields(schema, at);
}

describe("our API types", () => {
  for (const [law, holds] of Object.entries(laws)) {
    it(law, () => {
      // A person makes an AgentRun for once; it is not in git.
      const broken = definitions
        .filter(({ kind }) => kind !== "AgentRun" || !law.startsWith("no default"))
        .flatMap((definition) =>
          [...fields(definition.schema, "")].flatMap(([field, at]) =>
            holds(field, at) ? [] : [`${definition.kind}${at}`],
          ),
        );
      expect(broken).toEqual([]);
    });
  }

  it("of long-lived kinds an object that nobody has looked at says so, and no sync prunes a definition", () => {
    for (const { kind, file, schema } of definitions) {
      const longLived = kind !== "AgentRun" && kind !== "AgentApproval";
      expect(schema.properties?.status?.default, kind).toEqual(longLived ? { observedGeneration: -1 } : undefined);
      const { metadata } = parse(readFileSync(path.join(root, "crds", file), "utf8")) as {
        metadata: { annotations: Record<string, string> };
      };
      expect(metadata.annotations, kind).toEqual({
        "argocd.argoproj.io/sync-options": "Prune=false,Delete=false",
        "kustomize.toolkit.fluxcd.io/prune": "disabled",
      });
    }
  });

  it("authored kinds are in the category roster and bound their names at 40; runs and approvals are not in it", () => {
    const shown = definitions.map((definition) => ({
      kind: definition.kind,
      roster: definition.categories.includes("roster"),
      bounded: (definition.schema["x-kubernetes-validations"] ?? []).some((rule) => rule.rule.includes("size() <= 40")),
    }));
    for (const { kind, roster, bounded } of shown) {
      const authored = kind !== "AgentRun" && kind !== "AgentApproval";
      expect({ kind, roster, bounded }).toEqual({ kind, roster: authored, bounded: authored });
    }
  });

  it("every kind of ours has a definition, a row in api/kinds.ts and condition types", () => {
    const names = definitions.map((definition) => definition.kind).sort();
    expect(names).toEqual(
      Object.values(kinds)
        .flatMap((kind) => (kind.group === "roster.dev" ? [kind.kind] : []))
        .sort(),
    );
    expect(names).toEqual(Object.keys(conditionTypes).sort());
  });
});
