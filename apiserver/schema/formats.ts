import { isDate } from "../../policy/cel/formats.ts";
import { parseUrl } from "../../policy/cel/library/url.ts";
import { matchesPattern } from "../../policy/cel/regex.ts";
import { isCidr, isGoIp, isMac } from "./network-formats.ts";

const uuid = (version: string, variant = "[0-9a-f]") =>
  new RegExp(`^[0-9a-f]{8}-?[0-9a-f]{4}-?${version}[0-9a-f]{3}-?${variant}[0-9a-f]{3}-?[0-9a-f]{12}$`, "i");
const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const matches = (pattern: RegExp) => (text: string) => pattern.test(text);

const hostname =
  "^([a-zA-Z0-9\\p{S}\\p{L}]((-?[a-zA-Z0-9\\p{S}\\p{L}]{0,62})?)|([a-zA-Z0-9\\p{S}\\p{L}](([a-zA-Z0-9-\\p{S}\\p{L}]{0,61}[a-zA-Z0-9\\p{S}\\p{L}])?)(\\.)){1,}([a-zA-Z\\p{L}]){2,63})$";

function isHostname(text: string): boolean {
  if (Buffer.byteLength(text) > 255 || !matchesPattern(hostname, text)) return false;
  return text.split(".").every((part) => Buffer.byteLength(part) <= 63);
}

const atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~\\-\\x{80}-\\x{10FFFF}]+";
const dotted = `${atom}(?:\\.${atom})*`;
const quotedText = '"(?:[^"\\\\\\r\\n]|\\\\.)*"';
const mailbox = `(?:${dotted}|${quotedText})@(?:${dotted}|\\[[^\\[\\]\\s]+\\])`;
const phrase = `(?:(?:${atom}|\\.|${quotedText})[ \\t]*)*`;
/** RFC 5322: a bare address, or one in angle brackets after a display name (Go's `mail.ParseAddress`). */
const email = `^[ \\t]*(?:${mailbox}|${phrase}<[ \\t]*${mailbox}>)[ \\t]*$`;

function isDateTime(text: string): boolean {
  const [date = "", time = ""] = text.toLowerCase().split("t");
  const found = /^([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?(z|[+-][0-9]{2}:[0-9]{2})$/.exec(time);
  return Boolean(found && isDate(date) && found[1]! <= "23" && found[2]! <= "59" && found[3]! <= "59");
}

const goDuration = /^[+-]?(0|((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)$/;
const unit = /^(ns|nano.*|us|µs|micro.*|ms|milli.*|s|sec.*|m|min.*|h|hr|hour.*|d|day.*|w|wk|week.*)$/i;

/** Go's durations, and any text in which a number stands before a unit of time in words. */
function isDuration(text: string): boolean {
  if (goDuration.test(text)) return true;
  // One digit, the last of its number: with `\d+` a long number without a unit would be tried from each of its digits.
  return [...text.matchAll(/\d\s*([A-Za-zµ]+)/g)].some((found) => unit.test(found[1]!));
}

const card =
  /^(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\d{3})\d{11})$/;

function isCreditCard(text: string): boolean {
  const digits = text.replace(/\D+/g, "");
  if (!card.test(digits)) return false;
  const sum = [...digits].reverse().reduce((total, digit, i) => {
    const doubled = Number(digit) * (i % 2 === 1 ? 2 : 1);
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return sum % 10 === 0;
}

function isIsbn10(text: string): boolean {
  const digits = text.replace(/[\s-]/g, "");
  if (!/^\d{9}[\dX]$/.test(digits)) return false;
  return [...digits].reduce((sum, char, i) => sum + (char === "X" ? 10 : Number(char)) * (10 - i), 0) % 11 === 0;
}

function isIsbn13(text: string): boolean {
  const digits = text.replace(/[\s-]/g, "");
  return (
    /^\d{13}$/.test(digits) && [...digits].reduce((sum, char, i) => sum + Number(char) * (i % 2 ? 3 : 1), 0) % 10 === 0
  );
}

const checks: Readonly<Record<string, (text: string) => boolean>> = {
  bsonobjectid: matches(/^[0-9a-fA-F]{24}$/),
  uri: (text) => parseUrl(text) !== undefined,
  email: (text) => matchesPattern(email, text),
  hostname: isHostname,
  ipv4: (text) => text.includes(".") && isGoIp(text, true),
  ipv6: (text) => text.includes(":") && isGoIp(text, false),
  cidr: isCidr,
  mac: isMac,
  uuid: matches(uuid("[0-9a-f]")),
  uuid3: matches(uuid("3")),
  uuid4: matches(uuid("4", "[89ab]")),
  uuid5: matches(uuid("5", "[89ab]")),
  isbn: (text) => isIsbn10(text) || isIsbn13(text),
  isbn10: isIsbn10,
  isbn13: isIsbn13,
  creditcard: isCreditCard,
  // Eleven characters, so both dashes or blanks are there.
  ssn: matches(/^\d{3}[- ]\d{2}[- ]\d{4}$/),
  hexcolor: matches(/^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/),
  rgbcolor: matches(
    /^rgb\(\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*(,\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*){2}\)$/,
  ),
  byte: matches(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/),
  password: () => true,
  date: isDate,
  duration: isDuration,
  datetime: isDateTime,
  k8sshortname: (text) => text.length <= 63 && label.test(text),
  k8slongname: (text) => text.length <= 253 && text.split(".").every((part) => label.test(part)),
};

const numeric: Readonly<Record<string, readonly string[]>> = {
  integer: ["int32", "int64"],
  number: ["float", "double"],
};

/** The format that the server enforces for a value of this type; others are documentation. */
export function enforcedFormat(type: string | undefined, format: string | undefined): string | undefined {
  if (!format) return undefined;
  if (type === undefined || type === "string") return format.replaceAll("-", "") in checks ? format : undefined;
  return numeric[type]?.includes(format) ? format : undefined;
}

/** Whether the text has the format; true for formats that are not enforced. */
export function hasFormat(format: string, text: string): boolean {
  return checks[format.replaceAll("-", "")]?.(text) ?? true;
}
