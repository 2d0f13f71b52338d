import type { FieldError } from "../../http/status.ts";
import { fieldErrorOf, forbidden, goQuote, invalid, required } from "../field-errors.ts";
import type { JsonSchema } from "../json-schema.ts";

/** What is wrong with `x-kubernetes-list-type`, its keys, and `x-kubernetes-map-type` of one node. */
export function listErrors(schema: JsonSchema, path: string): FieldError[] {
  return [...typeErrors(schema, path), ...listMapErrors(schema, path)];
}

const notSupported = (field: string, value: unknown, supported: readonly string[]): FieldError =>
  fieldErrorOf("FieldValueNotSupported", field, value, `supported values: ${supported.map(goQuote).join(", ")}`);

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
