import { parseUrl } from "./library/url.ts";

const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const label1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const qualified = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const labelValue = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;

const said = {
  label:
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
  subdomain:
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
  label1035:
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
  qualified:
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
  labelValue:
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
};

const shape =
  (pattern: RegExp, max: number, message: string) =>
  (text: string): string[] => [
    ...(text.length > max ? [`must be no more than ${max} characters`] : []),
    ...(text.length <= max && pattern.test(text) ? [] : text.length > max ? [] : [message]),
  ];

function qualifiedName(text: string): string[] {
  const parts = text.split("/");
  const name = parts.at(-1)!;
  const errors: string[] = [];
  if (parts.length > 2)
    return [
      `a qualified name ${said.qualified.slice(10)} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  if (parts.length === 2) {
    if (parts[0] === "") errors.push("prefix part must be non-empty");
    else errors.push(...subdomainErrors(parts[0]!).map((error) => `prefix part ${error}`));
  }
  if (name === "") errors.push("name part must be non-empty");
  else if (name.length > 63) errors.push("name part must be no more than 63 characters");
  if (!qualified.test(name)) errors.push(said.qualified);
  return errors;
}

const subdomainErrors = shape(subdomain, 253, said.subdomain);
const prefixOf =
  (check: (text: string) => string[]) =>
  (text: string): string[] =>
    check(text.replace(/-$/, "a"));

const checks: Readonly<Record<string, (text: string) => string[]>> = {
  dns1123Label: shape(label, 63, said.label),
  dns1123Subdomain: subdomainErrors,
  dns1035Label: shape(label1035, 63, said.label1035),
  qualifiedName,
  labelValue: shape(labelValue, 63, said.labelValue),
  dns1123LabelPrefix: prefixOf(shape(label, 63, said.label)),
  dns1123SubdomainPrefix: prefixOf(subdomainErrors),
  dns1035LabelPrefix: prefixOf(shape(label1035, 63, said.label1035)),
  uri: (text) => (parseUrl(text) ? [] : ["invalid URI for request"]),
  uuid: (text) =>
    /^[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}$/.test(text) ? [] : ["does not match the UUID format"],
  byte: (text) => (/^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 === 0 ? [] : ["invalid base64"]),
  date: (text) => (isDate(text) ? [] : ["invalid date"]),
  datetime: (text) => (isDateTime(text) ? [] : ["invalid datetime"]),
};

/** The names that `format.named()` knows. */
export const namedFormats: readonly string[] = Object.keys(checks);

/** Why the text does not fit the named format, in Kubernetes' words; empty when it fits. */
export function formatErrors(name: string, text: string): string[] {
  return checks[name]?.(text) ?? [`unknown format "${name}"`];
}

/** RFC 3339 full-date with a day that exists. */
export function isDate(text: string): boolean {
  const found = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (!found) return false;
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

/** RFC 3339 date-time. */
export function isDateTime(text: string): boolean {
  const found = /^(\d{4}-\d{2}-\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/.exec(text);
  return Boolean(found && isDate(found[1]!) && Number(found[2]) < 24 && Number(found[3]) < 60 && Number(found[4]) < 61);
}
