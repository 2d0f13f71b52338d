import { isUtf8 } from "node:buffer";
import { convert } from "html-to-text";
import PostalMime, { type Address, type Email } from "postal-mime";
import type { JsonObject } from "../../../lib/json.ts";
import { Problem } from "../../../lib/problem.ts";

/** What a person sees of a message in a list. */
export interface Summary {
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly date: string;
  readonly messageId: string;
  /** Message ids that it answers, oldest first. */
  readonly references: readonly string[];
}

// Beyond this a message is read in part: an attachment is cut, text comes first in practice.
export const maxMessageBytes = 5_000_000;
export const maxHeaderBytes = 65_536;
const maxTextCharacters = 16_000;
const maxHtmlCharacters = 1_000_000;
const maxAttachments = 50;

const limits = { maxNestingDepth: 30, maxHeadersSize: 262_144, maxRfc822NestingDepth: 2 };

/** Reads the headers of a message from its first bytes. Never throws: what is broken shows as empty. */
export async function summarise(head: Uint8Array): Promise<Summary> {
  // Only the header block: a body cut in the middle would be parsed for nothing.
  const end = headerEnd(head);
  const email = await PostalMime.parse(decodable(head.subarray(0, end)), limits).catch(() => undefined);
  return summaryOf(email);
}

/** Reads a whole message: text (from HTML where there is nothing else) and the list of attachments. Throws InvalidRequest. */
export async function readMessage(bytes: Uint8Array, size: number): Promise<JsonObject> {
  let email: Email;
  try {
    email = await PostalMime.parse(decodable(bytes.subarray(0, maxMessageBytes)), limits);
  } catch {
    throw new Problem(
      "InvalidRequest",
      "the message is too broken to be read: nested too deep, or its headers are too large",
    );
  }
  const body = textOf(email);
  const text = body.text.slice(0, maxTextCharacters);
  return {
    ...summaryOf(email),
    cc: (email.cc ?? []).flatMap(toText).slice(0, 50),
    reply_to: (email.replyTo ?? []).flatMap(toText).slice(0, 5),
    text,
    text_from: body.from,
    truncated: text.length < body.text.length || size > maxMessageBytes,
    bytes: size,
    attachments: email.attachments.slice(0, maxAttachments).map((part) => ({
      name: oneLine(part.filename ?? "", 200),
      type: oneLine(part.mimeType, 100),
      bytes: typeof part.content === "string" ? part.content.length : part.content.byteLength,
    })),
  };
}

/** The text that a search looks through. */
export async function searchable(bytes: Uint8Array): Promise<string> {
  const email = await PostalMime.parse(decodable(bytes), limits).catch(() => undefined);
  if (!email) return "";
  const { from, to, subject } = summaryOf(email);
  return [from, ...to, subject, textOf(email).text.slice(0, 200_000)].join("\n");
}

function textOf(email: Email): { readonly text: string; readonly from: "plain" | "html" | "none" } {
  if (email.text !== undefined && email.text.trim() !== "") return { text: email.text.trim(), from: "plain" };
  if (email.html === undefined || email.html.trim() === "") return { text: "", from: "none" };
  const text = convert(email.html.slice(0, maxHtmlCharacters), {
    wordwrap: false,
    limits: { maxDepth: 100, maxChildNodes: 20_000 },
    selectors: [
      { selector: "img", format: "skip" },
      { selector: "style", format: "skip" },
      { selector: "script", format: "skip" },
      { selector: "a", options: { hideLinkHrefIfSameAsText: true } },
    ],
  });
  return { text: text.trim(), from: "html" };
}

function summaryOf(email: Email | undefined): Summary {
  const date = email?.date ? new Date(email.date) : undefined;
  return {
    from: email?.from ? toText(email.from).join(", ") : "",
    to: (email?.to ?? []).flatMap(toText).slice(0, 50),
    subject: oneLine(email?.subject ?? "", 500),
    date: date && !Number.isNaN(date.getTime()) ? date.toISOString() : "",
    messageId: oneLine(email?.messageId ?? "", 500),
    references: idsOf(`${email?.references ?? ""} ${email?.inReplyTo ?? ""}`),
  };
}

function idsOf(text: string): readonly string[] {
  return [...new Set(text.slice(0, 20_000).match(/<[^<>\s]{1,250}>/g) ?? [])].slice(-50);
}

function toText(address: Address): readonly string[] {
  if (address.group) return address.group.flatMap(toText);
  const name = oneLine(address.name, 200);
  const mailbox = oneLine(address.address ?? "", 320);
  return [name === "" || name === mailbox ? mailbox : `${name} <${mailbox}>`];
}

// Control characters in a header could draw a false line in whatever shows it.
function oneLine(text: string, max: number): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, " ")
    .trim()
    .slice(0, max);
}

/**
 * The message with its header block as UTF-8. Headers are ASCII by the book; in practice old programs wrote them in the
 * 8-bit set of their country, which was nearly always Latin-1 or what Windows made of it.
 */
function decodable(bytes: Uint8Array): Uint8Array {
  const end = headerEnd(bytes);
  const head = bytes.subarray(0, end);
  if (isUtf8(head)) return bytes;
  return Buffer.concat([Buffer.from(new TextDecoder("windows-1252").decode(head)), bytes.subarray(end)]);
}

function headerEnd(bytes: Uint8Array): number {
  for (let i = 0; i + 1 < bytes.length; i++) {
    if (bytes[i] !== 0x0a) continue;
    if (bytes[i + 1] === 0x0a) return i + 1;
    if (bytes[i + 1] === 0x0d && bytes[i + 2] === 0x0a) return i + 1;
  }
  return bytes.length;
}
