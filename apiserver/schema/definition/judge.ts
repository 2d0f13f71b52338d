import type { FieldError } from "../../http/status.ts";
import { forbidden, invalid } from "../field-errors.ts";
import type { JsonSchema } from "../json-schema.ts";
import { defaultErrors } from "./defaults.ts";
import { goMembers, goSchema } from "./go-schema.ts";
import { openApiErrors } from "./open-api.ts";
import { RuleJudge } from "./rules.ts";
import { structureErrors } from "./structure.ts";
import { unsupported } from "./unsupported.ts";

export interface SchemaContext {
  /** The version has a status subresource: its schema is also applied to `properties.status` alone. */
  readonly status?: boolean;
  /** The schema is stored already: its rules are not priced one by one again. */
  readonly stored?: boolean;
}

/**
 * Why apiextensions refuses the schema of a version, in its words: not structural, bad defaults, list types that cannot
 * be, rules that do not compile or cost too much. Rules are looked at only where all else is well.
 */
export function schemaErrors(schema: JsonSchema, path: string, { status, stored }: SchemaContext = {}): FieldError[] {
  const errors = status ? rootErrors(schema, path) : [];
  if (schema.nullable) errors.push(forbidden(`${path}.nullable`, "nullable cannot be true at the root"));
  const foreign = unsupported(schema);
  const shape = foreign === undefined ? structureErrors(schema, path) : [];
  if (foreign === undefined && shape.length === 0) shape.push(...defaultErrors(schema, path));
  const judge = foreign === undefined && shape.length === 0 ? new RuleJudge(path, stored ?? false) : undefined;
  errors.push(...shape, ...openApiErrors(schema, path, judge));
  if (errors.length === 0 && foreign !== undefined) errors.push(invalid(path, "", foreign));
  return [...errors, ...(judge?.totalErrors() ?? [])];
}

const allowedAtRoot =
  "Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations";

function rootErrors(schema: JsonSchema, path: string): FieldError[] {
  const where = "at the root of the schema if the status subresource is enabled";
  for (const name of goMembers(schema)) {
    if (name === "Type" && schema.type !== "object")
      return [invalid(`${path}.type`, schema.type, `only "object" is allowed as the type ${where}`)];
    if (!allowedAtRoot.split(" ").includes(name))
      return [invalid(path, goSchema(schema), `only [${allowedAtRoot}] fields are allowed ${where}`)];
  }
  return [];
}
