import type { FieldError } from "../../http/status.ts";
import { forbidden, invalid } from "../field-errors.ts";
import { type JsonSchema, metaFields } from "../json-schema.ts";
import { listErrors } from "./lists.ts";
import { type RuleJudge, ruleShapeErrors } from "./rules.ts";
import { foreignErrors } from "./unsupported.ts";

/** What a node of the schema knows of the nodes above it. */
interface Place {
  readonly path: string;
  readonly root: boolean;
  /** Why defaults are forbidden here, when they are. */
  readonly noDefaults?: string;
  /** Below apiVersion, kind or metadata of a resource. */
  readonly insideMeta?: boolean;
  /** The path from which on an old value cannot be told. */
  readonly uncorrelatable?: string;
  /** How often the value may occur in one object; unbounded when undefined. */
  readonly cardinality: number | undefined;
  /** Absent where rules are not looked at. */
  readonly judge: RuleJudge | undefined;
}

interface Findings {
  readonly schema: FieldError[];
  readonly rules: FieldError[];
}

/** The walk of `ValidateCustomResourceDefinitionOpenAPISchema`: rules are compiled only where the schema below is right. */
export function openApiErrors(schema: JsonSchema, path: string, judge: RuleJudge | undefined): FieldError[] {
  const found = visit(schema, { path, root: true, cardinality: 1, judge });
  return [...found.schema, ...found.rules];
}

function visit(schema: JsonSchema, place: Place): Findings {
  const { path } = place;
  const found: Findings = { schema: ownErrors(schema, place), rules: [] };
  for (const [child, at] of childrenOf(schema, place)) {
    const below = visit(child, at);
    found.schema.push(...below.schema);
    found.rules.push(...below.rules);
  }
  found.schema.push(...listErrors(schema, path));
  const rules = schema["x-kubernetes-validations"] ?? [];
  for (const [i, rule] of rules.entries())
    found.schema.push(...ruleShapeErrors(rule, schema, `${path}.x-kubernetes-validations[${i}]`));
  if (rules.length > 0 && found.schema.length === 0 && place.judge)
    found.rules.push(...place.judge.errors(schema, { ...place, uncorrelatable: place.uncorrelatable }));
  return found;
}

function ownErrors(schema: JsonSchema, { path, noDefaults, insideMeta }: Place): FieldError[] {
  const errors = foreignErrors(schema, path);
  if (schema.default !== undefined && schema.default !== null && noDefaults)
    errors.push(forbidden(`${path}.default`, `must not be set ${noDefaults}`));
  if (insideMeta && schema["x-kubernetes-embedded-resource"])
    errors.push(forbidden(`${path}.x-kubernetes-embedded-resource`, "must not be used inside of resource meta"));
  if (schema.uniqueItems) {
    const detail = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
    errors.push(forbidden(`${path}.uniqueItems`, detail));
  }
  const { additionalProperties, properties = {} } = schema;
  if (additionalProperties !== undefined && additionalProperties !== true && Object.keys(properties).length > 0)
    errors.push(forbidden(`${path}.additionalProperties`, "additionalProperties and properties are mutual exclusive"));
  if (schema["x-kubernetes-preserve-unknown-fields"] === false)
    errors.push(invalid(`${path}.x-kubernetes-preserve-unknown-fields`, false, "must be true or undefined"));
  return errors;
}

function childrenOf(schema: JsonSchema, place: Place): [JsonSchema, Place][] {
  const { path } = place;
  const { additionalProperties, properties = {}, items } = schema;
  const found: [JsonSchema, Place][] = [];
  const below: Place = { ...place, root: false, cardinality: many(schema, place.cardinality) };
  if (typeof additionalProperties === "object") {
    const why = place.insideMeta ? "inside additionalProperties applying to object metadata" : place.noDefaults;
    found.push([additionalProperties, { ...below, path: `${path}.additionalProperties`, ...withDefaults(why) }]);
  }
  const mapType = schema["x-kubernetes-map-type"] ?? "granular";
  const adrift = mapType !== "granular" && mapType !== "atomic";
  for (const [key, property] of Object.entries(properties)) {
    const meta = (place.root || schema["x-kubernetes-embedded-resource"] === true) && metaFields.has(key);
    const why = meta && place.root ? `in top-level ${key}` : place.noDefaults;
    found.push([
      property,
      {
        ...below,
        path: `${path}.properties[${key}]`,
        ...withDefaults(why),
        insideMeta: meta || place.insideMeta === true,
        ...lost(place, adrift),
      },
    ]);
  }
  // Only values are judged below these; rules there are refused by what makes a schema structural.
  const aside: Place = { ...below, judge: undefined };
  if (schema.not) found.push([schema.not, { ...aside, path: `${path}.not` }]);
  for (const word of ["allOf", "oneOf", "anyOf"] as const)
    for (const [i, part] of (schema[word] ?? []).entries())
      found.push([part, { ...aside, path: `${path}.${word}[${i}]` }]);
  const listed = { ...below, ...lost(place, schema["x-kubernetes-list-type"] !== "map") };
  const several: readonly JsonSchema[] | undefined = Array.isArray(items) ? items : undefined;
  if (several)
    for (const [i, item] of several.entries()) found.push([item, { ...listed, path: `${path}.items[${i}]` }]);
  else if (items) found.push([items, { ...listed, path: `${path}.items` }]);
  return found;
}

const withDefaults = (noDefaults: string | undefined) => (noDefaults === undefined ? {} : { noDefaults });

/** The highest path at which the old value was lost counts. */
function lost({ path, uncorrelatable }: Place, here: boolean): { readonly uncorrelatable?: string } {
  const at = uncorrelatable ?? (here ? path : undefined);
  return at === undefined ? {} : { uncorrelatable: at };
}

function many(schema: JsonSchema, cardinality: number | undefined): number | undefined {
  const { type, additionalProperties, maxProperties, maxItems } = schema;
  const limit = type === "array" ? maxItems : type === "object" && additionalProperties ? maxProperties : 1;
  return cardinality === undefined || limit === undefined ? undefined : cardinality * Math.max(0, limit);
}
