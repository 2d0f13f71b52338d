import type { FieldError } from "../http/status.ts";
import { fieldErrorOf, forbidden, GoStruct, goQuote, invalid, required } from "./field-errors.ts";
import { type JsonSchema, metaFields, type ValidationRule } from "./json-schema.ts";
import { dropNulls, prune } from "./prune.ts";
import { compileMessage, compileRules, type RuleNode, schemaAt } from "./rules.ts";
import { validateValue } from "./values.ts";

/** Why apiextensions refuses a schema beside its structure: list types, defaults, and rules that do not compile. */
export function definitionErrors(schema: JsonSchema, path: string): FieldError[] {
  const errors = schemaErrors(schema, path, true, undefined);
  return errors.length > 0 ? errors : ruleErrors(compileRules(schema), path, undefined);
}

const notSupported = (field: string, value: unknown, supported: readonly string[]): FieldError =>
  fieldErrorOf("FieldValueNotSupported", field, value, `supported values: ${supported.map(goQuote).join(", ")}`);

/** `noDefaults` says why defaults are forbidden here, when they are. */
function schemaErrors(schema: JsonSchema, path: string, root: boolean, noDefaults: string | undefined): FieldError[] {
  const errors: FieldError[] = [];
  const { additionalProperties, properties = {} } = schema;
  if (schema.default !== undefined) errors.push(...defaultErrors(schema, `${path}.default`, noDefaults));
  if (schema.uniqueItems) {
    const detail = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
    errors.push(forbidden(`${path}.uniqueItems`, detail));
  }
  if (additionalProperties !== undefined && additionalProperties !== true && Object.keys(properties).length > 0)
    errors.push(forbidden(`${path}.additionalProperties`, "additionalProperties and properties are mutual exclusive"));
  if (typeof additionalProperties === "object")
    errors.push(...schemaErrors(additionalProperties, `${path}.additionalProperties`, false, noDefaults));
  for (const [key, property] of Object.entries(properties)) {
    const why = root && metaFields.has(key) ? `in top-level ${key}` : noDefaults;
    errors.push(...schemaErrors(property, `${path}.properties[${key}]`, false, why));
  }
  if (schema.items) errors.push(...schemaErrors(schema.items, `${path}.items`, false, noDefaults));
  if (schema["x-kubernetes-preserve-unknown-fields"] === false)
    errors.push(invalid(`${path}.x-kubernetes-preserve-unknown-fields`, false, "must be true or undefined"));
  errors.push(...typeErrors(schema, path), ...listMapErrors(schema, path));
  schema["x-kubernetes-validations"]?.forEach((rule, i) => {
    errors.push(...ruleShapeErrors(rule, schema, `${path}.x-kubernetes-validations[${i}]`));
  });
  return errors;
}

function defaultErrors(schema: JsonSchema, path: string, noDefaults: string | undefined): FieldError[] {
  if (noDefaults) return [forbidden(path, `must not be set ${noDefaults}`)];
  const value: unknown = structuredClone(schema.default);
  if (typeof value === "object" && value !== null) {
    dropNulls(value, schema);
    const unknown = prune({ value }, { type: "object", properties: { value: schema } });
    if (unknown.length > 0) return [invalid(path, schema.default, "must not have unknown fields")];
  }
  return validateValue(value, schema).map((error) => ({
    ...error,
    field: error.field === "<nil>" ? path : `${path}.${error.field}`,
  }));
}

function typeErrors(schema: JsonSchema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { type = "", "x-kubernetes-map-type": mapType, "x-kubernetes-list-type": listType } = schema;
  const mustBe = (want: string, why: string): void => {
    const detail = `must be ${want} if ${why} is specified`;
    errors.push(type === "" ? required(`${path}.type`, detail) : invalid(`${path}.type`, type, detail));
  };
  if (mapType !== undefined && type !== "object") mustBe("object", "x-kubernetes-map-type");
  if (mapType !== undefined && !["atomic", "granular"].includes(mapType))
    errors.push(notSupported(`${path}.x-kubernetes-map-type`, mapType, ["atomic", "granular"]));
  if (listType !== undefined && type !== "array") mustBe("array", "x-kubernetes-list-type");
  else if (listType === "set" && schema.items) {
    const { items } = schema;
    const detail = "must be atomic as item of a list with x-kubernetes-list-type=set";
    const itemList = items["x-kubernetes-list-type"];
    if (items.type === "array" && itemList !== undefined && itemList !== "atomic")
      errors.push(invalid(`${path}.items.x-kubernetes-list-type`, itemList, detail));
    if (items.type === "object" && items["x-kubernetes-map-type"] !== "atomic")
      errors.push(invalid(`${path}.items.x-kubernetes-map-type`, itemList ?? null, detail));
  }
  if (listType !== undefined && !["atomic", "set", "map"].includes(listType))
    errors.push(notSupported(`${path}.x-kubernetes-list-type`, listType, ["atomic", "set", "map"]));
  return errors;
}

function listMapErrors(schema: JsonSchema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { items, "x-kubernetes-list-type": listType, "x-kubernetes-list-map-keys": keys = [] } = schema;
  const at = `${path}.x-kubernetes-list-map-keys`;
  if (keys.length > 0 && listType !== "map") {
    const detail = "must be map if x-kubernetes-list-map-keys is non-empty";
    const field = `${path}.x-kubernetes-list-type`;
    errors.push(listType === undefined ? required(field, detail) : invalid(field, listType, detail));
  }
  if (listType === "map") {
    if (keys.length === 0) errors.push(required(at, "must not be empty if x-kubernetes-list-type is map"));
    if (!items) errors.push(required(`${path}.items`, "must have a schema if x-kubernetes-list-type is map"));
    else if (items.type !== "object") {
      const detail = "must be object if parent array's x-kubernetes-list-type is map";
      errors.push(invalid(`${path}.items.type`, items.type ?? "", detail));
    } else errors.push(...mapKeyErrors(items, keys, path, at));
  }
  if (items?.nullable && (listType === "map" || listType === "set"))
    errors.push(forbidden(`${path}.items.nullable`, `cannot be nullable when x-kubernetes-list-type is ${listType}`));
  return errors;
}

function mapKeyErrors(items: JsonSchema, keys: readonly string[], path: string, at: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, key] of keys.entries()) {
    const property = items.properties?.[key];
    const where = `${path}.items.properties[${key}]`;
    if (!property) errors.push(invalid(at, keys, "entries must all be names of item properties"));
    else if (property.type === "array" || property.type === "object") {
      const detail = "must be a scalar type if parent array's x-kubernetes-list-type is map";
      errors.push(invalid(`${where}.type`, items.type, detail));
    }
    if (keys.indexOf(key) !== index) errors.push(invalid(at, keys, "must not contain duplicate entries"));
    if (property && !items.required?.includes(key) && property.default === undefined) {
      const detail =
        "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property";
      errors.push(required(`${where}.default`, detail));
    }
    if (property?.nullable) {
      const detail = "this property is in x-kubernetes-list-map-keys, so it cannot be nullable";
      errors.push(forbidden(`${where}.nullable`, detail));
    }
  }
  return errors;
}

const reasonsOfRules = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];

function ruleShapeErrors(rule: ValidationRule, schema: JsonSchema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { message = "", messageExpression = "", fieldPath = "", reason } = rule;
  const lines = /[\n\r]/;
  if (!rule.rule?.trim()) errors.push(required(`${path}.rule`, "rule is not specified"));
  else if (message !== "" && message.trim() === "")
    errors.push(invalid(`${path}.message`, message, "must be non-empty if specified"));
  else if (lines.test(message.trim())) errors.push(invalid(`${path}.message`, message, "must not contain line breaks"));
  else if (lines.test(rule.rule.trim()) && message.trim() === "")
    errors.push(required(`${path}.message`, "message must be specified if rule contains line breaks"));
  if (messageExpression !== "" && messageExpression.trim() === "")
    errors.push(required(`${path}.messageExpression`, "messageExpression must be non-empty if specified"));
  if (reason !== undefined && !reasonsOfRules.includes(reason))
    errors.push(notSupported(`${path}.reason`, reason, reasonsOfRules));
  if (fieldPath !== "" && fieldPath.trim() === "")
    errors.push(invalid(`${path}.fieldPath`, fieldPath, "must be non-empty if specified"));
  if (lines.test(fieldPath)) errors.push(invalid(`${path}.fieldPath`, fieldPath, "must not contain line breaks"));
  if (fieldPath !== "" && !schemaAt(schema, fieldPath))
    errors.push(invalid(`${path}.fieldPath`, fieldPath, "must be a valid path"));
  return errors;
}

/** `uncorrelatable` is the schema path from which on an old value cannot be told. */
function ruleErrors(node: RuleNode | undefined, path: string, uncorrelatable: string | undefined): FieldError[] {
  if (!node) return [];
  const errors = node.rules.flatMap((rule, i): FieldError[] => {
    const at = `${path}.x-kubernetes-validations[${i}]`;
    const { program, problem } = rule.program();
    const { problem: badMessage } = rule.message();
    const found: FieldError[] = [];
    if (problem) found.push(invalid(`${at}.rule`, shown(rule.source), compileMessage(problem)));
    if (badMessage)
      found.push(
        invalid(`${at}.messageExpression`, shown(rule.source), `messageExpression ${compileMessage(badMessage)}`),
      );
    if (program?.reads.has("oldSelf") && uncorrelatable) {
      const detail = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelatable}`;
      found.push(invalid(`${at}.rule`, rule.source.rule, detail));
    }
    if (program && !program.reads.has("oldSelf") && rule.source.optionalOldSelf !== undefined) {
      const detail = "may not be set if oldSelf is not used in rule";
      found.push(invalid(`${at}.optionalOldSelf`, rule.source.optionalOldSelf, detail));
    }
    return found;
  });
  for (const [key, property] of node.properties)
    errors.push(...ruleErrors(property, `${path}.properties[${key}]`, uncorrelatable));
  errors.push(...ruleErrors(node.additional, `${path}.additionalProperties`, uncorrelatable));
  const listLost = node.schema["x-kubernetes-list-type"] === "map" ? uncorrelatable : (uncorrelatable ?? path);
  return [...errors, ...ruleErrors(node.items, `${path}.items`, listLost)];
}

/** A rule as Go prints the struct in an error: every member, absent ones too. */
function shown({
  rule,
  message = "",
  messageExpression = "",
  reason,
  fieldPath = "",
  optionalOldSelf,
}: ValidationRule): object {
  return new GoStruct({
    Rule: rule,
    Message: message,
    MessageExpression: messageExpression,
    Reason: reason ?? null,
    FieldPath: fieldPath,
    OptionalOldSelf: optionalOldSelf ?? null,
  });
}
