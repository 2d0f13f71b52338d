/** What a strict reading of a body found beside its value. */
export interface Decoded {
  readonly value: unknown;
  /** Complaints of a strict decoder: `duplicate field "spec.replicas"`. */
  readonly strict: readonly string[];
}

export const maxDepth = 1_000;

// As many as Kubernetes' decoder keeps, and no more characters of paths than a few bodies have.
const maxComplaints = 100;
const maxComplaintLength = 16_777_216;

/**
 * Parses JSON and names duplicate keys by path, as Kubernetes' strict decoder does; the last one wins. Throws a
 * plain Error with a one-line message: the caller knows which Status it becomes.
 */
export function readJson(text: string): Decoded {
  // Go names the byte.
  if (text.startsWith("\ufeff")) throw new Error("invalid character 'ï' looking for beginning of value");
  const whole = mayHaveHalves(text) ? text.replace(escapes, toWhole) : text;
  const strict = scan(whole);
  return { value: JSON.parse(whole), strict };
}

/** Whether a text has escapes of which two are one character. */
export function mayHaveHalves(text: string): boolean {
  return /\\u[dD][89a-fA-F]/.test(text);
}

const escapes = /\\(?:u(d[89ab][0-9a-f]{2})(\\ud[c-f][0-9a-f]{2})?|u(d[c-f][0-9a-f]{2})|.)/gis;

/** Half a pair of escapes stands for no character: like Go's decoder, what cannot be stored is replaced. */
function toWhole(escape: string, first?: string, second?: string, alone?: string): string {
  return (first && !second) || alone ? "\\ufffd" : escape;
}

interface Level {
  readonly seen: Set<string> | undefined;
  /** Keys that came twice, so that a third one costs nothing. */
  reported: Set<string> | undefined;
  key: string;
  index: number;
}

// One linear pass before JSON.parse: it bounds the depth and sees each key, which JSON.parse forgets.
function scan(text: string): string[] {
  const found = new Set<string>();
  let room = maxComplaintLength;
  const levels: Level[] = [];
  let expectKey = false;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === 0x7b || char === 0x5b) {
      if (levels.length >= maxDepth) throw new Error(`exceeded max depth of ${maxDepth} levels`);
      const isObject = char === 0x7b;
      levels.push({ seen: isObject ? new Set() : undefined, reported: undefined, key: "", index: 0 });
      expectKey = isObject;
    } else if (char === 0x7d || char === 0x5d) {
      levels.pop();
      expectKey = false;
    } else if (char === 0x2c) {
      const level = levels.at(-1);
      if (level) level.index++;
      expectKey = level?.seen !== undefined;
    } else if (char === 0x3a) {
      expectKey = false;
    } else if (isDigit(char) || char === 0x2d) {
      const start = at;
      while (inNumber(text.charCodeAt(at + 1))) at++;
      refuseInfinite(text.slice(start, at + 1));
    } else if (char === 0x22) {
      const start = at++;
      while (at < text.length && text.charCodeAt(at) !== 0x22) at += text.charCodeAt(at) === 0x5c ? 2 : 1;
      const level = levels.at(-1);
      if (!expectKey || !level?.seen) continue;
      level.key = unquote(text.slice(start, at + 1));
      if (level.key === "__proto__") throw new Error('the key "__proto__" is not accepted');
      if (!level.seen.has(level.key)) level.seen.add(level.key);
      else if (!level.reported?.has(level.key) && found.size < maxComplaints && room > 0) {
        level.reported ??= new Set();
        level.reported.add(level.key);
        const complaint = `duplicate field "${pathOf(levels)}"`;
        room -= complaint.length;
        found.add(complaint);
      }
    }
  }
  return [...found];
}

const isDigit = (char: number): boolean => char >= 0x30 && char <= 0x39;
/** Whether a number may go on with it: a digit, a dot, a sign or an exponent. */
const inNumber = (char: number): boolean =>
  isDigit(char) || char === 0x2e || char === 0x2b || char === 0x2d || char === 0x65 || char === 0x45;

/** JSON.parse makes infinity of a number that is too large, and that would be stored as null. */
function refuseInfinite(number: string): void {
  // The largest that there is has 309 digits.
  if (number.length <= 300 && !number.includes("e") && !number.includes("E")) return;
  const value = Number(number);
  if (!Number.isFinite(value) && !Number.isNaN(value))
    throw new Error(`json: cannot unmarshal number ${number} into Go value of type float64`);
}

function unquote(quoted: string): string {
  if (!quoted.includes("\\")) return quoted.slice(1, -1);
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return quoted;
  }
}

function pathOf(levels: readonly Level[]): string {
  let path = "";
  for (const level of levels) {
    if (level.seen) path += path ? `.${level.key}` : level.key;
    else path += `[${level.index}]`;
  }
  return path;
}

/** A syntax error of JSON.parse in the words of Go's decoder, as far as they correspond. */
export function goSyntaxError(error: unknown): string {
  const { message } = error as Error;
  const [, token, shown = ""] = message.match(/^Unexpected token '(.)', (.*) is not valid JSON$/su) ?? [];
  if (token !== undefined) {
    // Of a word that begins like one of JSON's own, Go says where it leaves it.
    const word = ["null", "true", "false"].find((one) => shown.trimStart().slice(1).startsWith(one[0]!));
    const at = word ? [...word].findIndex((char, i) => shown.trimStart()[i + 1] !== char) : -1;
    const where = word && at > 0 ? `in literal ${word} (expecting '${word[at]}')` : "looking for beginning of value";
    const code = token.charCodeAt(0);
    return `invalid character '${code < 32 ? `\\x${code.toString(16).padStart(2, "0")}` : token}' ${where}`;
  }
  if (/^Unexpected end of JSON input|^Unterminated|^Expected .* at position/.test(message))
    return "unexpected end of JSON input";
  return message;
}
