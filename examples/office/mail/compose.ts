import { sha256 } from "../../../lib/ids.ts";
import { Problem } from "../../../lib/problem.ts";

export interface Draft {
  readonly from: string;
  readonly to: readonly string[];
  readonly cc?: readonly string[];
  readonly subject: string;
  readonly text: string;
  /** Message id that it answers, and those before it. */
  readonly inReplyTo?: string;
  readonly references?: readonly string[];
  readonly date: number;
}

const addressPattern = /^[^\s<>@",;:\\()[\]]+@[A-Za-z0-9.-]+$/;

/**
 * Writes a message (RFC 5322, MIME) as UTF-8 text in base64. Nothing in an argument can add a header: addresses are
 * checked, other text is encoded (RFC 2047). Throws InvalidRequest.
 */
export function compose(draft: Draft): Uint8Array {
  if (draft.to.length === 0) throw new Problem("InvalidRequest", "to must name at least one address");
  const bad = [draft.from, ...draft.to, ...(draft.cc ?? [])].find((address) => !addressPattern.test(address));
  if (bad !== undefined) throw new Problem("InvalidRequest", `"${bad.slice(0, 100)}" is not a mail address`);
  const answered = [...(draft.references ?? []), draft.inReplyTo].filter(
    (id) => id !== undefined && /^<[^<>\s]+>$/.test(id),
  );
  const id = sha256(JSON.stringify(draft)).slice(0, 32);
  const headers = [
    `From: ${draft.from}`,
    `To: ${draft.to.join(",\r\n ")}`,
    ...(draft.cc && draft.cc.length > 0 ? [`Cc: ${draft.cc.join(",\r\n ")}`] : []),
    `Subject: ${encodeWords(draft.subject)}`,
    `Date: ${new Date(draft.date).toUTCString().replace("GMT", "+0000")}`,
    `Message-ID: <${id}@office.invalid>`,
    ...(draft.inReplyTo && answered.length > 0
      ? [`In-Reply-To: ${answered.at(-1)}`, `References: ${[...new Set(answered)].join("\r\n ")}`]
      : []),
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=utf-8",
    "Content-Transfer-Encoding: base64",
  ];
  const body = Buffer.from(draft.text.replace(/\r?\n/g, "\r\n"), "utf8").toString("base64").replace(/.{76}/g, "$&\r\n");
  return Buffer.from(`${headers.join("\r\n")}\r\n\r\n${body}\r\n`, "latin1");
}

/** A header text as RFC 2047 encoded words where it is not plain ASCII; line breaks become spaces. */
export function encodeWords(text: string): string {
  const line = text.replace(/[\p{Cc}\s]+/gu, " ").trim();
  if (/^[\x20-\x7e]{0,200}$/.test(line) && !line.includes("=?")) return line;
  const words: string[] = [];
  let word = "";
  for (const character of line) {
    // 45 bytes are 60 base64 characters: with its frame a word stays below the 75 that RFC 2047 allows.
    if (Buffer.byteLength(word + character) > 45) {
      words.push(word);
      word = "";
    }
    word += character;
  }
  words.push(word);
  return words.map((one) => `=?utf-8?B?${Buffer.from(one, "utf8").toString("base64")}?=`).join("\r\n ");
}
