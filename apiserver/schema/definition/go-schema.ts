import { GoStruct } from "../field-errors.ts";
import type { JsonSchema, ValidationRule } from "../json-schema.ts";

const words = ["ID", "Schema", "Description", "Type", "Format", "Title", "Pattern"];
const flags = ["Nullable", "ExclusiveMaximum", "ExclusiveMinimum", "UniqueItems"];
// In the order of apiextensions' internal JSONSchemaProps.
const members =
  "ID Schema Ref Description Type Nullable Format Title Default Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Enum MaxProperties MinProperties Required Items AllOf OneOf AnyOf Not Properties AdditionalProperties PatternProperties Dependencies AdditionalItems Definitions ExternalDocs Example XPreserveUnknownFields XEmbeddedResource XIntOrString XListMapKeys XListType XMapType XValidations".split(
    " ",
  );
const named: Readonly<Record<string, string>> = {
  ID: "id",
  Schema: "$schema",
  Ref: "$ref",
  XPreserveUnknownFields: "x-kubernetes-preserve-unknown-fields",
  XEmbeddedResource: "x-kubernetes-embedded-resource",
  XIntOrString: "x-kubernetes-int-or-string",
  XListMapKeys: "x-kubernetes-list-map-keys",
  XListType: "x-kubernetes-list-type",
  XMapType: "x-kubernetes-map-type",
  XValidations: "x-kubernetes-validations",
};

/** Each member of a schema that is set, by the name that it has in Go, in Go's order. */
export function goMembers(schema: JsonSchema): readonly string[] {
  return members.filter((name) => !isZero(memberOf(schema, name)));
}

/** A schema as Go prints the struct in an error: every member, absent ones too. */
export function goSchema(schema: JsonSchema): GoStruct {
  return new GoStruct(Object.fromEntries(members.map((name) => [name, shown(schema, name)])));
}

/** A rule as Go prints the struct in an error. */
export function goRule(rule: ValidationRule): GoStruct {
  const { message = "", messageExpression = "", reason, fieldPath = "", optionalOldSelf } = rule;
  return new GoStruct({
    Rule: rule.rule,
    Message: message,
    MessageExpression: messageExpression,
    Reason: reason ?? null,
    FieldPath: fieldPath,
    OptionalOldSelf: optionalOldSelf ?? null,
  });
}

const memberOf = (schema: JsonSchema, name: string): unknown =>
  (schema as Readonly<Record<string, unknown>>)[named[name] ?? name[0]!.toLowerCase() + name.slice(1)];

function isZero(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return value === undefined || value === null || value === "" || value === false;
}

function shown(schema: JsonSchema, name: string): unknown {
  const value = memberOf(schema, name);
  switch (name) {
    case "Items":
      return value ? new GoStruct({ Schema: goSchema(value as JsonSchema), JSONSchemas: null }) : null;
    case "AdditionalProperties": {
      if (value === undefined) return null;
      const inner = typeof value === "object" ? goSchema(value as JsonSchema) : null;
      return new GoStruct({ Allows: value !== false, Schema: inner });
    }
    case "AllOf":
    case "OneOf":
    case "AnyOf":
      return value ? (value as JsonSchema[]).map(goSchema) : null;
    case "Not":
      return value ? goSchema(value as JsonSchema) : null;
    case "Properties": {
      const properties = Object.entries((value ?? {}) as Readonly<Record<string, JsonSchema>>);
      return value ? Object.fromEntries(properties.map(([key, property]) => [key, goSchema(property)])) : null;
    }
    case "XValidations":
      return value ? (value as ValidationRule[]).map(goRule) : null;
    case "XEmbeddedResource":
    case "XIntOrString":
      return value ?? false;
    default:
      return value ?? (words.includes(name) ? "" : flags.includes(name) ? false : null);
  }
}
