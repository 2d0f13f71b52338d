const dnsLabel =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const dnsSubdomain =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

const longName = (limit: number) => `must be no more than ${limit} characters`;
const tooLong = (limit: number) => `must be no more than ${limit} bytes`;
// A generated suffix follows a prefix, so its last character may be a dash.
const masked = (name: string, prefix: boolean) => (prefix ? name.replace(/-$/, "a") : name);

/** RFC 1123 label of at most 63 characters: Namespaces. */
export function checkLabel(name: string, prefix = false): string[] {
  const text = masked(name, prefix);
  if (text.includes(".") && text.split(".").every(isLabel)) return ["must not contain dots"];
  return [...(name.length > 63 ? [longName(63)] : []), ...(isLabel(text) ? [] : [dnsLabel])];
}

/** RFC 1123 subdomain of at most 253 characters: most kinds, all custom ones. */
export function checkSubdomain(name: string, prefix = false): string[] {
  const fits = masked(name, prefix).split(".").every(isLabel);
  return [...(name.length > 253 ? [longName(253)] : []), ...(fits ? [] : [dnsSubdomain])];
}

/** Anything that fits into one path segment: RBAC kinds. */
export function checkPathSegment(name: string): string[] {
  if (name === "." || name === "..") return [`may not be '${name}'`];
  return ["/", "%"].filter((bad) => name.includes(bad)).map((bad) => `may not contain '${bad}'`);
}

export function isLabel(text: string): boolean {
  return /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(text);
}

const qualifiedMessage =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const labelValueMessage =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const isName = (text: string) => /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/.test(text);

/** The key of a label or a finalizer: a qualified name under another name. */
export function checkLabelKey(key: string): string[] {
  return checkQualifiedName(key, "valid label key");
}

/** A label or annotation key: an optional DNS prefix, then a name of at most 63 characters. */
export function checkQualifiedName(key: string, what = "qualified name"): string[] {
  const parts = key.split("/");
  if (parts.length > 2) {
    return [`a ${what} ${qualifiedMessage} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  }
  const found: string[] = [];
  const name = parts.at(-1)!;
  if (parts.length === 2) {
    if (parts[0] === "") found.push("prefix part must be non-empty");
    else
      found.push(
        ...checkSubdomain(parts[0]!).map((message) => `prefix part ${message.replace(longName(253), tooLong(253))}`),
      );
  }
  if (name === "") found.push("name part must be non-empty");
  else if (name.length > 63) found.push(`name part ${tooLong(63)}`);
  if (!isName(name)) found.push(`name part ${qualifiedMessage}`);
  return found;
}

export function checkLabelValue(value: string): string[] {
  const found: string[] = [];
  if (value.length > 63) found.push(tooLong(63));
  if (value !== "" && !isName(value)) found.push(labelValueMessage);
  return found;
}
