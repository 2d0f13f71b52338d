import { encodeWords } from "../mail/compose.ts";

/** A message for a made-up mailbox. The ways of writing it differ on purpose: mailboxes in the world do too. */
export interface Letter {
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  /** Hours before `now`. */
  readonly hoursAgo: number;
  readonly body: Body;
  readonly id: string;
  readonly answers?: string;
  readonly flags?: string;
  readonly folder?: string;
  readonly headers?: readonly string[];
}

export type Body =
  | { readonly as: "plain"; readonly text: string }
  | { readonly as: "latin1"; readonly text: string }
  | { readonly as: "base64"; readonly text: string }
  | { readonly as: "html"; readonly html: string }
  | { readonly as: "both"; readonly text: string; readonly html: string }
  | {
      readonly as: "attached";
      readonly text: string;
      readonly file: string;
      readonly type: string;
      readonly content: string;
    };

/** The message as bytes on the wire. */
export function toMime(letter: Letter, now: number): Buffer {
  const { head, content } = bodyOf(letter.body);
  const lines = [
    `Return-Path: <${/<?([^<>\s]+@[^<>\s]+)>?$/.exec(letter.from)?.[1] ?? ""}>`,
    `From: ${nameEncoded(letter.from)}`,
    `To: ${nameEncoded(letter.to)}`,
    // What is encoded words already is written as it stands.
    `Subject: ${letter.subject.startsWith("=?") ? letter.subject : encodeWords(letter.subject)}`,
    `Date: ${new Date(now - letter.hoursAgo * 3_600_000).toUTCString().replace("GMT", "+0000")}`,
    `Message-ID: <${letter.id}@mail.example>`,
    ...(letter.answers
      ? [`In-Reply-To: <${letter.answers}@mail.example>`, `References: <${letter.answers}@mail.example>`]
      : []),
    ...(letter.headers ?? []),
    "MIME-Version: 1.0",
    ...head,
  ];
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n${content}\r\n`, "latin1");
}

function bodyOf(body: Body): { readonly head: readonly string[]; readonly content: string } {
  switch (body.as) {
    case "plain":
      return part("text/plain; charset=utf-8", "quoted-printable", quoted(Buffer.from(body.text, "utf8")));
    case "latin1":
      return part("text/plain; charset=iso-8859-1", "quoted-printable", quoted(Buffer.from(body.text, "latin1")));
    case "base64":
      return part("text/plain; charset=utf-8", "base64", wrapped(Buffer.from(body.text, "utf8")));
    case "html":
      return part("text/html; charset=utf-8", "quoted-printable", quoted(Buffer.from(body.html, "utf8")));
    case "both":
      return multipart("alternative", [
        part("text/plain; charset=utf-8", "quoted-printable", quoted(Buffer.from(body.text, "utf8"))),
        part("text/html; charset=utf-8", "base64", wrapped(Buffer.from(body.html, "utf8"))),
      ]);
    case "attached": {
      const attachment = part(
        `${body.type}; name="${body.file}"`,
        "base64",
        wrapped(Buffer.from(body.content, "utf8")),
      );
      return multipart("mixed", [
        part("text/plain; charset=utf-8", "quoted-printable", quoted(Buffer.from(body.text, "utf8"))),
        { ...attachment, head: [...attachment.head, `Content-Disposition: attachment; filename="${body.file}"`] },
      ]);
    }
  }
}

interface Part {
  readonly head: readonly string[];
  readonly content: string;
}

function part(type: string, encoding: string, content: string): Part {
  return { head: [`Content-Type: ${type}`, `Content-Transfer-Encoding: ${encoding}`], content };
}

function multipart(kind: string, parts: readonly Part[]): Part {
  const boundary = `=_office_${kind}`;
  const inside = parts.map((one) => `--${boundary}\r\n${one.head.join("\r\n")}\r\n\r\n${one.content}\r\n`);
  return {
    head: [`Content-Type: multipart/${kind}; boundary="${boundary}"`],
    content: `This is a message in several parts.\r\n${inside.join("")}--${boundary}--`,
  };
}

/** RFC 2045 quoted-printable, lines below 76 characters. */
function quoted(bytes: Buffer): string {
  const lines = bytes.toString("latin1").split(/\r?\n/);
  return lines
    .map((line) => {
      let out = "";
      let width = 0;
      for (const character of line) {
        const code = character.charCodeAt(0);
        const piece =
          code === 0x3d || code < 0x20 || code > 0x7e
            ? `=${code.toString(16).toUpperCase().padStart(2, "0")}`
            : character;
        if (width + piece.length > 73) {
          out += "=\r\n";
          width = 0;
        }
        out += piece;
        width += piece.length;
      }
      // White space at the end of a line would be lost on the way.
      return out.replace(/ $/, "=20");
    })
    .join("\r\n");
}

function wrapped(bytes: Buffer): string {
  return bytes.toString("base64").replace(/.{76}/g, "$&\r\n");
}

function nameEncoded(address: string): string {
  const [, name = "", mailbox = address] = /^(.*?)\s*(<[^<>]+>)$/.exec(address) ?? [];
  return name === "" ? mailbox : `${encodeWords(name)} ${mailbox}`;
}
