/**
 * What kube-apiserver says of a field of the wrong type in the result of a strategic patch, which it converts without
 * going through JSON; `why` is what its JSON decoder would say.
 */
export function converterWords(why: string): string {
  const [, sent = "", fraction, type = ""] =
    /^(?:couldn't get version\/kind; json parse error: )?json: cannot unmarshal (\w+)( \S+)? into Go .* of type (.+)$/.exec(
      why,
    ) ?? [];
  if (type === "") return why;
  const from = goKinds[sent] ?? sent;
  if (type.startsWith("map[")) return `cannot restore map from ${from}`;
  if (type.startsWith("[]")) return `cannot restore slice from ${from}`;
  if (!scalars.test(type)) return `cannot restore struct from: ${from}`;
  // Go converts whole numbers to text, so that this gets further before it fails.
  return type === "string" && from === "int64" && !fraction
    ? "cannot convert int64 to string"
    : `unrecognized type: ${type}`;
}

const scalars = /^(string|bool|u?int\d*|float\d+)$/;
const goKinds: Readonly<Record<string, string>> = { number: "int64", object: "map", array: "slice" };
