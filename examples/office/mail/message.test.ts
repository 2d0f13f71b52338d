import { describe, expect, it } from "vitest";
import { type Body, toMime } from "../seed/mime.ts";
import { compose, encodeWords } from "./compose.ts";
import { readMessage, summarise } from "./message.ts";

const now = Date.parse("2026-03-25T12:00:00Z");
const letter = (body: Body, subject = "Hello") =>
  toMime({ id: "1", from: "Zoë <zoe@x.example>", to: "ana@x.example", subject, hoursAgo: 1, body }, now);
const read = (bytes: Uint8Array) => readMessage(bytes, bytes.length);

describe("messages as the world writes them", () => {
  const texts: Readonly<Record<string, readonly [Body, string]>> = {
    "quoted-printable in UTF-8": [{ as: "plain", text: `Preço: 48.000 € = ${"lang ".repeat(30)}` }, "Preço: 48.000 €"],
    "quoted-printable in ISO 8859-1": [{ as: "latin1", text: "Grüße, Jörg" }, "Grüße, Jörg"],
    "base64 in UTF-8": [{ as: "base64", text: "ありがとう" }, "ありがとう"],
    "HTML only, as text": [
      { as: "html", html: "<style>p{}</style><p>Half &mdash; <b>price</b></p><script>x()</script>" },
      "Half — price",
    ],
    "both, the plain one": [{ as: "both", text: "plain words", html: "<p>html words</p>" }, "plain words"],
  };
  for (const [why, [body, want]] of Object.entries(texts)) {
    it(`reads ${why}`, async () => {
      const message = await read(letter(body));
      expect(message.text).toContain(want);
      expect(message.text).not.toContain("x()");
    });
  }

  it("decodes the subject and names, and lists attachments without their content", async () => {
    const bytes = letter(
      { as: "attached", text: "see file", file: "a.csv", type: "text/csv", content: "secret,1\n" },
      "Renouvellement: réponse ✔ avant jeudi, s'il vous plaît, merci beaucoup",
    );
    const message = await read(bytes);
    expect(message.subject).toBe("Renouvellement: réponse ✔ avant jeudi, s'il vous plaît, merci beaucoup");
    expect(message.from).toBe("Zoë <zoe@x.example>");
    expect(message.attachments).toEqual([{ name: "a.csv", type: "text/csv", bytes: 9 }]);
    expect(JSON.stringify(message)).not.toContain("secret,1");
  });

  it("reads the headers alone from the first bytes", async () => {
    const bytes = letter({ as: "plain", text: "x".repeat(100_000) });
    expect(await summarise(bytes.subarray(0, 2000))).toMatchObject({
      subject: "Hello",
      date: "2026-03-25T11:00:00.000Z",
      messageId: "<1@mail.example>",
    });
  });
});

describe("hostile messages", () => {
  const nested = (depth: number): string =>
    depth === 0
      ? "Content-Type: text/plain\r\n\r\nend"
      : `Content-Type: multipart/mixed; boundary=b${depth}\r\n\r\n--b${depth}\r\n${nested(depth - 1)}\r\n--b${depth}--\r\n`;

  it("a thousand nested parts are refused, not followed", async () => {
    await expect(read(Buffer.from(nested(1000)))).rejects.toThrow("nested too deep");
  });

  const odd: Readonly<Record<string, string>> = {
    nothing: "",
    "no header": "just words",
    "bytes that are no text": "\u0000\u0001\u0002\u00ff",
    "a boundary that never comes": "Content-Type: multipart/mixed; boundary=x\r\n\r\nno part",
    "base64 that is none": "Content-Transfer-Encoding: base64\r\n\r\n!!!!",
    "an unknown charset": "Content-Type: text/plain; charset=klingon\r\n\r\nwords",
    "a date that is none": "Date: sometime\r\nSubject: s\r\n\r\nx",
    "deep HTML": `Content-Type: text/html\r\n\r\n${"<div>".repeat(20_000)}x`,
  };
  for (const [why, text] of Object.entries(odd)) {
    it(`reads ${why} as well as it can`, async () => {
      expect(typeof (await read(Buffer.from(text, "latin1"))).text).toBe("string");
    });
  }

  it("a long text is cut and says so; control characters leave headers", async () => {
    const message = await read(Buffer.from(`Subject: a\u202eb\u0007c\r\n\r\n${"x".repeat(50_000)}`));
    expect(message.truncated).toBe(true);
    expect(String(message.text).length).toBe(16_000);
    expect(message.subject).toBe("a b c".replaceAll("  ", " "));
  });
});

describe("writing", () => {
  const draft = { from: "ana@x.example", to: ["zoe@y.example"], subject: "Olá ✔", text: "Até já\nAna", date: now };

  it("is read back as it was written", async () => {
    const message = await read(compose({ ...draft, inReplyTo: "<1@mail.example>", references: ["<0@mail.example>"] }));
    expect(message).toMatchObject({
      subject: "Olá ✔",
      from: "ana@x.example",
      to: ["zoe@y.example"],
      references: ["<0@mail.example>", "<1@mail.example>"],
    });
    expect(String(message.text).replaceAll("\r", "")).toBe("Até já\nAna");
  });

  it("no argument can add a header", async () => {
    expect(() => compose({ ...draft, to: ["a@b.example\r\nBcc: evil@c.example"] })).toThrow("not a mail address");
    const message = compose({ ...draft, subject: "Hi\r\nBcc: evil@c.example" }).toString();
    expect(message).not.toMatch(/^Bcc:/m);
    expect(Buffer.from(compose({ ...draft, subject: "Hi\nBcc: evil@c.example" })).toString()).not.toMatch(/^Bcc:/m);
  });

  it("encodes long texts in words that mail programs accept", () => {
    for (const word of encodeWords("é".repeat(300)).split("\r\n ")) expect(word.length).toBeLessThanOrEqual(75);
  });
});
