import { badRequest } from "./status.ts";

/** The parameters of a URL, and why one of them was left out. */
export interface Query {
  readonly query: URLSearchParams;
  readonly malformed?: string;
}

/**
 * Reads a query as Go does: what holds a semicolon or an escape that is none is left out. Never throws, and the first of
 * the complaints is kept for those who must know that something is missing.
 */
export function readQuery(text: string): Query {
  const complaints: string[] = [];
  const kept = text.split("&").filter((pair) => {
    const complaint = complaintAbout(pair);
    if (complaint !== undefined) complaints.push(complaint);
    return complaint === undefined;
  });
  // The question mark keeps one that begins the first name.
  const query = new URLSearchParams(`?${kept.join("&")}`);
  return complaints[0] === undefined ? { query } : { query, malformed: complaints[0] };
}

function complaintAbout(pair: string): string | undefined {
  if (pair.includes(";")) return "invalid semicolon separator in query";
  const wrong = pair.match(/%(?![0-9a-f]{2}).{0,2}/i)?.[0];
  return wrong === undefined ? undefined : `invalid URL escape ${JSON.stringify(wrong)}`;
}

/** Booleans of query strings as Kubernetes reads them: present and not "false", in whatever case, or "0". */
export function isTrue(value: string | null): boolean {
  return value !== null && value !== "0" && value.toLowerCase() !== "false";
}

const integers = { least: -(2n ** 63n), most: 2n ** 63n - 1n };
const mostVersion = 2n ** 64n - 1n;

/** A whole number of a query; 0 when it is absent. Throws 400. */
export function readInteger(query: URLSearchParams, name: string): number {
  const text = query.get(name);
  if (text === null) return 0;
  const wrong = (why: string) => badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: ${why}`);
  if (!/^[-+]?\d+$/.test(text)) throw wrong("invalid syntax");
  const value = BigInt(text.replace("+", ""));
  if (value < integers.least || value > integers.most) throw wrong("value out of range");
  return Number(value);
}

/** What is wrong with a resourceVersion; undefined when it is one, or empty. */
export function wrongVersion(text: string): string | undefined {
  const fits = /^\d*$/.test(text);
  if (fits && BigInt(text) <= mostVersion) return undefined;
  const quoted = JSON.stringify(text);
  const why = fits ? "value out of range" : "invalid syntax";
  return `resourceVersion: Invalid value: ${quoted}: strconv.ParseUint: parsing ${quoted}: ${why}`;
}

/** Refuses a `timeout` that is no duration. One that is is not kept: requests here take no longer than they must. Throws 400. */
export function checkTimeout(query: URLSearchParams): void {
  const wrong = wrongDuration(query.get("timeout") ?? "");
  if (wrong !== undefined) throw badRequest(`invalid timeout specified in the request URL - time: ${wrong}`);
}

const nanoseconds: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  // Either of the two signs.
  "\u00b5s": 1e3,
  "\u03bcs": 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3_600e9,
};

/** What is wrong with a duration such as `1h2.5s`, in Go's words; undefined when it is one, or empty. */
function wrongDuration(text: string): string | undefined {
  let rest = text.replace(/^[-+]/, "");
  if (text === "" || rest === "0") return undefined;
  const invalid = `invalid duration ${quoted(text)}`;
  if (rest === "") return invalid;
  let total = 0;
  while (rest !== "") {
    const [found, number = "", unit = ""] = rest.match(/^(\d+(?:\.\d*)?|\.\d+)([^.\d]*)/) ?? [];
    if (found === undefined) return invalid;
    if (unit === "") return `missing unit in duration ${quoted(text)}`;
    const factor = nanoseconds[unit];
    if (factor === undefined) return `unknown unit ${quoted(unit)} in duration ${quoted(text)}`;
    total += Number(number) * factor;
    if (total > 2 ** 63) return invalid;
    rest = rest.slice(found.length);
  }
  return undefined;
}

/** As Go's package of time writes it: anything but plain characters byte by byte. */
function quoted(text: string): string {
  const shown = [...Buffer.from(text)].map((byte) => {
    if (byte < 0x20 || byte >= 0x80) return `\\x${byte.toString(16).padStart(2, "0")}`;
    const char = String.fromCharCode(byte);
    return char === '"' || char === "\\" ? `\\${char}` : char;
  });
  return `"${shown.join("")}"`;
}
