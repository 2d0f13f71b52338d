import type { FieldError } from "../../http/status.ts";
import { fieldErrorOf, forbidden, goQuote, invalid, required } from "../field-errors.ts";

export interface Column {
  readonly name?: string;
  readonly type?: string;
  readonly format?: string;
  readonly description?: string;
  readonly priority?: number;
  readonly jsonPath?: string;
}

const columnTypes = ["boolean", "date", "integer", "number", "string"];
const columnFormats = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];

/** What is wrong with the columns of a version. */
export function columnErrors(columns: readonly Column[], path: string): FieldError[] {
  return columns.flatMap(({ name, type, format, jsonPath }, index) => {
    const at = `${path}[${index}]`;
    const errors: FieldError[] = [];
    const wanted = `must be one of ${columnTypes.join(",")}`;
    if (!name) errors.push(required(`${at}.name`));
    if (!type) errors.push(required(`${at}.type`, wanted));
    else if (!columnTypes.includes(type)) errors.push(invalid(`${at}.type`, type, wanted));
    if (format && !columnFormats.includes(format))
      errors.push(invalid(`${at}.format`, format, `must be one of ${columnFormats.join(",")}`));
    if (!jsonPath) errors.push(required(`${at}.JSONPath`));
    else errors.push(...pathErrors(jsonPath, `${at}.JSONPath`));
    return errors;
  });
}

function pathErrors(jsonPath: string, at: string): FieldError[] {
  return jsonPath.startsWith(".") ? [] : [invalid(at, jsonPath, "must be a simple json path starting with .")];
}

export type Scale = Readonly<Partial<Record<"specReplicasPath" | "statusReplicasPath" | "labelSelectorPath", string>>>;

const roots = {
  specReplicasPath: [".spec."],
  statusReplicasPath: [".status."],
  labelSelectorPath: [".spec.", ".status."],
} as const;

/** What is wrong with the paths of the scale subresource. */
export function scaleErrors(scale: Scale | undefined, path: string): FieldError[] {
  if (!scale) return [];
  return (["specReplicasPath", "statusReplicasPath", "labelSelectorPath"] as const).flatMap((name) => {
    const at = `${path}.${name}`;
    const value = scale[name] ?? "";
    if (value === "") return name === "labelSelectorPath" ? [] : [required(at)];
    const wrong = pathErrors(value, at);
    if (wrong.length > 0) return wrong;
    const allowed: readonly string[] = roots[name];
    if (allowed.some((root) => value.startsWith(root))) return [];
    const places = allowed.map((root) => root.slice(0, -1)).join(" or ");
    return [invalid(at, value, `should be a json path under ${allowed.length > 1 ? "either " : ""}${places}`)];
  });
}

/** What is wrong with the warning of a deprecated version. */
export function deprecationErrors(
  deprecated: boolean | undefined,
  text: string | undefined,
  path: string,
): FieldError[] {
  if (text === undefined) return [];
  const refuse = (detail: string): FieldError => invalid(`${path}.deprecationWarning`, text, detail);
  if (!deprecated) return [refuse("can only be set for deprecated versions")];
  const errors: FieldError[] = [];
  if (Buffer.byteLength(text) > 256) errors.push(refuse("must be <= 256 characters long"));
  if (text === "") errors.push(refuse("must not be an empty string"));
  const at = [...text].findIndex((char) => !/[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(char));
  if (at >= 0) {
    const index = Buffer.byteLength([...text].slice(0, at).join(""));
    const detail = `must only contain printable UTF-8 characters; non-printable character found at index ${index}`;
    errors.push(refuse(detail));
  }
  return errors;
}

export interface Conversion {
  readonly strategy?: string;
  readonly webhook?: { readonly clientConfig?: object; readonly conversionReviewVersions?: readonly string[] };
}

/** What is wrong with how versions become one another. Webhooks are not called here, so none is accepted. */
export function conversionErrors(conversion: Conversion | undefined, path: string): FieldError[] {
  if (!conversion) return [];
  const { strategy = "", webhook } = conversion;
  const at = `${path}.strategy`;
  if (strategy === "") return [required(at)];
  if (strategy === "Webhook") return [forbidden(at, "this server calls no webhooks; use None, or a cluster")];
  const errors: FieldError[] = [];
  const known = `supported values: ${["None", "Webhook"].map(goQuote).join(", ")}`;
  if (strategy !== "None") errors.push(fieldErrorOf("FieldValueNotSupported", at, strategy, known));
  const aside = "should not be set when strategy is not set to Webhook";
  if (webhook?.clientConfig) errors.push(forbidden(`${path}.webhookClientConfig`, aside));
  if (webhook?.conversionReviewVersions?.length) errors.push(forbidden(`${path}.conversionReviewVersions`, aside));
  return errors;
}
