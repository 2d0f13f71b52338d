/** What is wrong with the text of an IP address, in the words of Go's `netip.ParseAddr`; undefined for a right one. */
export function addressProblem(text: string): string | undefined {
  const found = problemOf(text);
  if (!found) return undefined;
  const [message, at] = found;
  const where = at === undefined ? "" : ` (at ${JSON.stringify(at)})`;
  return `ParseAddr(${JSON.stringify(text)}): ${message}${where}`;
}

/** The message and, where one place is to blame, what stands from there on. */
type Found = readonly [message: string, at?: string] | undefined;

function problemOf(text: string): Found {
  const kind = /[.:%]/.exec(text)?.[0];
  if (kind === undefined) return ["unable to parse IP"];
  if (kind === "%") return ["missing IPv6 address"];
  return kind === "." ? v4Problem(text) : v6Problem(text);
}

function v4Problem(text: string): Found {
  const octets = text.split(".");
  let from = 0;
  for (const [index, octet] of octets.entries()) {
    let value = 0;
    for (let i = 0; i < octet.length; i++) {
      if (!/\d/.test(octet[i]!)) return ["unexpected character", text.slice(from + i)];
      if (i === 1 && value === 0) return ["IPv4 field has octet with leading zero"];
      value = value * 10 + Number(octet[i]);
      if (value > 255) return ["IPv4 field has value >255"];
    }
    const dot = from + octet.length;
    // A dot at the beginning, at the end or after another one.
    if (index < octets.length - 1 && (dot === 0 || dot === text.length - 1 || octet === ""))
      return ["IPv4 field must have at least one digit", text.slice(dot)];
    if (index === 3 && octets.length > 4) return ["IPv4 address too long"];
    from = dot + 1;
  }
  return octets.length < 4 ? ["IPv4 address too short"] : undefined;
}

function v6Problem(text: string): Found {
  const at = text.indexOf("%");
  if (at >= 0 && at === text.length - 1) return ["zone must be a non-empty string"];
  let rest = at < 0 ? text : text.slice(0, at);
  let ellipsis = rest.startsWith("::");
  if (ellipsis) rest = rest.slice(2);
  let bytes = 0;
  while (rest !== "" && bytes < 16) {
    const digits = /^[0-9a-fA-F]*/.exec(rest)![0];
    if (digits.length > 4) return ["each group must have 4 or less digits", rest];
    if (digits === "") return ["each colon-separated field must have at least one digit", rest];
    if (rest[digits.length] === ".") {
      if (!ellipsis && bytes !== 12)
        return ["embedded IPv4 address must replace the final 2 fields of the address", rest];
      if (bytes + 4 > 16) return ["too many hex fields to fit an embedded IPv4 at the end of the address", rest];
      const inner = v4Problem(rest);
      if (inner) return inner;
      bytes += 4;
      rest = "";
      break;
    }
    bytes += 2;
    rest = rest.slice(digits.length);
    if (rest === "") break;
    if (!rest.startsWith(":")) return ["unexpected character, want colon", rest];
    if (rest.length === 1) return ["colon must be followed by more characters", rest];
    rest = rest.slice(1);
    if (!rest.startsWith(":")) continue;
    if (ellipsis) return ["multiple :: in address", rest];
    ellipsis = true;
    rest = rest.slice(1);
  }
  if (rest !== "") return ["trailing garbage after address", rest];
  if (bytes < 16) return ellipsis ? undefined : ["address string too short"];
  return ellipsis ? ["the :: must expand to at least one field of zeros"] : undefined;
}
