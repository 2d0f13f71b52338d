import type { FieldError } from "../http/status.ts";
import { Correlation } from "./correlation.ts";
import { type Coerced, coerceEmbedded, validateEmbedded } from "./embedded.ts";
import { fieldErrorOf } from "./field-errors.ts";
import type { JsonSchema } from "./json-schema.ts";
import { validateListTypes } from "./list-types.ts";
import { applyDefaults, dropNulls, prune } from "./prune.ts";
import { compileRules, type RuleNode, validateRules } from "./rules.ts";
import { validateMember, validateValue } from "./values.ts";

export interface ValidateOptions {
  /** A write to /status: of the shape only the status is judged, with paths that begin there. */
  readonly statusOnly?: boolean;
  /** What was found before (in metadata, say): errors that keep rules from running when one of them is about shape. */
  readonly earlier?: readonly FieldError[];
  /** Items of lists may be named twice: code judges built-in kinds, not their schemas. */
  readonly freeLists?: boolean;
  /** Rules that the old object broke as well are only warned of, here. */
  readonly warnings?: string[];
}

/** A schema ready to be applied to objects of its kind. Keeps no object; every method may run any number of times. */
export interface CompiledSchema {
  readonly schema: JsonSchema;
  /** Removes unknown fields in place; answers their paths, sorted (`spec.a`, `spec.items[0].x`). */
  prune(object: object): string[];
  /** Brings metadata of embedded resources into its typed form, in place. */
  coerce(object: object): Coerced;
  /**
   * Fills in defaults, in place, and drops nulls that the schema does not allow (`keepNulls` leaves those without a
   * default: after an apply the server validates them).
   */
  applyDefaults(object: object, options?: { readonly keepNulls?: boolean }): void;
  /**
   * All findings, in Kubernetes' words. With `oldObject`, what did not change keeps its old faults, and transition
   * rules run. Rules in CEL are not run over an object whose shape is wrong, and one finding says so.
   */
  validate(object: object, oldObject?: object, options?: ValidateOptions): FieldError[];
}

const blocking = new Set([
  "FieldValueNotSupported",
  "FieldValueRequired",
  "FieldValueTooLong",
  "FieldValueTooMany",
  "FieldValueTypeInvalid",
]);

const unchecked =
  "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation";

/** Compiles the `openAPIV3Schema` of one version of a kind. Never throws: a definition is judged before its schema is used. */
export function compileSchema(openApiSchema: object): CompiledSchema {
  const schema = openApiSchema as JsonSchema;
  let rules: RuleNode | undefined | null = null;
  const compiledRules = (): RuleNode | undefined => {
    if (rules === null) rules = compileRules(schema);
    return rules;
  };
  return {
    schema,
    prune: (object) => prune(object, schema),
    coerce: (object) => coerceEmbedded(object, schema),
    applyDefaults(object, { keepNulls = false } = {}) {
      if (!keepNulls) dropNulls(object, schema);
      applyDefaults(object, schema);
    },
    validate(object, oldObject, options = {}) {
      const correlation = oldObject && new Correlation(object, oldObject, schema);
      const twice = options.freeLists ? [] : validateListTypes(object, schema);
      const errors = [
        ...(options.statusOnly
          ? validateStatus(object, schema, correlation)
          : validateValue(object, schema, correlation)),
        ...validateEmbedded(object, schema),
        ...(twice.length > 0 && oldObject && validateListTypes(oldObject, schema).length > 0 ? [] : twice),
      ];
      const node = compiledRules();
      if (!node) return errors;
      if ([...(options.earlier ?? []), ...errors].some((error) => blocking.has(error.type))) {
        return [...errors, fieldErrorOf("FieldValueInvalid", "<nil>", null, unchecked)];
      }
      return [...errors, ...validateRules(object, oldObject, node, correlation, options.warnings)];
    },
  };
}

function validateStatus(object: object, schema: JsonSchema, correlation: Correlation | undefined): FieldError[] {
  const { status } = object as { status?: unknown };
  const part = schema.properties?.status;
  return status === undefined || !part ? [] : validateMember("status", status, part, correlation?.member("status"));
}
