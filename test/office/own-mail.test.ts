import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Child, startChild } from "../../cli/up/child.ts";
import { type OfficeAccess, prepareOffice, secretNames } from "../../cli/up/office.ts";
import { systemClock } from "../../lib/clock.ts";
import { silentLog } from "../../lib/log.ts";

// Mail as programs really leave it, used by way of ROSTER_OFFICE_USERS: the code of `roster up`, the office as a process.
const root = path.join(import.meta.dirname, "../..");
let base: string;
let access: OfficeAccess;
let office: Child;

const latin1 = (text: string) => Buffer.from(text, "latin1");
const letter = (...lines: string[]) => `${lines.join("\n")}\n`;

/** What Dovecot, mbsync, offlineimap, getmail and Courier leave in a Maildir. */
const maildir: Readonly<Record<string, string | Buffer>> = {
  // Dovecot: size and virtual size in the name, keywords as letters, its own files beside.
  "cur/1763700000.M1P1.host,S=180,W=186:2,FSa": letter(
    "From: Zoë <zoe@example.org>",
    "Subject: Dovecot ✓",
    "Date: Fri, 21 Nov 2025 04:40:00 +0000",
    "",
    "hello",
  ),
  "dovecot-keywords": "0 invoices\n",
  "dovecot-uidlist": "3 V1 N5\n1 :1763700000.M1P1.host\n",
  "dovecot.index.log": Buffer.from([0, 1, 2, 255]),
  // mbsync: the UID in the name; no info at all on what was never looked at.
  "cur/1763700100.R2.host,U=17:2,S": letter(
    "Subject: mbsync",
    "From: a@b.example",
    "Date: Fri, 21 Nov 2025 04:41:40 GMT",
    "",
    "x",
  ),
  "cur/1763700150.R3.host,U=18": letter("Subject: no flags", "From: a@b.example", "", "x"),
  // offlineimap: an underscore after the seconds.
  "cur/1763700200_0.4242.host,U=9,FMD5=7e33429f656f1e6e9d79b29c3f82c57e:2,RS": letter(
    "Subject: offlineimap",
    "From: a@b.example",
    "",
    "x",
  ),
  // Tools for Windows may not write a colon.
  "cur/1763700300.R5.host;2,S": letter("Subject: semicolon", "From: a@b.example", "", "x"),
  // Somebody's own script: a name without a time.
  "new/note-to-self": letter("Subject: no time in the name", "", "x"),
  // Headers in raw 8-bit Latin-1 and UTF-8, a broken date, no Message-ID, a header twice, an unknown charset.
  "cur/1763700400.R6.host:2,": latin1(
    "From: Jos\xe9 <jose@example.org>\r\nSubject: Caf\xe9 com a\xe7\xfacar\r\nDate: Thu, 32 Foo 2025 25:61:00 +9999\r\n\r\nOl\xe1\r\n",
  ),
  "cur/1763700500.R7.host:2,": letter(
    "From: =?x-unknown-8bit?Q?J=F6rg?= <j@example.org>",
    "Subject: first",
    "Subject: second",
    "Date:",
    "",
    "x",
  ),
  "cur/1763700600.R8.host:2,": letter(
    "From: a@b.example",
    "Subject: =?utf-8?B?w5xiZXJ3ZWlzdW5n?=",
    " =?utf-8?Q?_=C3=BCber_46=2E500_?=",
    "\t=?utf-8?Q?=E2=82=AC?=",
    "",
    "x",
  ),
  // mbox's own line at the top, as formail and some imports leave it; and lines that end in a carriage return alone.
  "cur/1763700700.R9.host:2,": letter(
    "From a@b.example Fri Nov 21 04:51:40 2025",
    "From: a@b.example",
    "Subject: from mbox",
    "",
    "x",
  ),
  // Empty, cut in the middle, binary rubbish.
  "cur/1763700800.R10.host:2,": "",
  "cur/1763700900.R11.host:2,": "Subject: cut in the mid",
  "cur/1763701000.R12.host:2,": Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 7919) % 256)),
  // 7 MB with an attachment, whose text comes first.
  "cur/1763701100.R13.host:2,": letter(
    "From: a@b.example",
    "Subject: huge",
    "MIME-Version: 1.0",
    'Content-Type: multipart/mixed; boundary="b"',
    "",
    "--b",
    "Content-Type: text/plain",
    "",
    "Please see the film of the offer.",
    "--b",
    'Content-Type: video/mp4; name="film.mp4"',
    "Content-Transfer-Encoding: base64",
    "",
    `${"QUJD".repeat(19)}\n`.repeat(90_000),
    "--b--",
  ),
  // Sub-folders: Maildir++ with a marker, deep, in modified UTF-7, and one that only has cur.
  ".Archive/cur/1763600000.R20.host:2,S": letter("Subject: archived", "From: a@b.example", "", "x"),
  ".Archive/maildirfolder": "",
  ".Clients.Northwind.2025/cur/1763600100.R21.host:2,S": letter("Subject: deep", "From: a@b.example", "", "x"),
  ".Entw&APw-rfe/cur/1763600200.R22.host:2,DS": letter("Subject: Entwurf", "From: a@b.example", "", "x"),
  "cur/.DS_Store": "junk",
  "tmp/1763701200.R14.host": letter("Subject: still being written", "", "x"),
};

/** mbsync with `SubFolders Verbatim`, and offlineimap: folders in folders, and the inbox is one of them. */
const nested: Readonly<Record<string, string>> = {
  "Inbox/cur/1763700000.R1.host,U=1:2,S": letter("Subject: in a folder", "From: a@b.example", "", "needle"),
  "Inbox/new/1763700100.R2.host,U=2": letter("Subject: newest", "From: a@b.example", "", "x"),
  "Archive/cur/1763600000.R3.host,U=1:2,S": letter("Subject: old", "From: a@b.example", "", "needle"),
  "Archive/2024/cur/1763500000.R4.host,U=1:2,S": letter("Subject: older", "From: a@b.example", "", "needle"),
  ".mbsyncstate": "",
};

const calendar = (...events: string[]) => [
  "BEGIN:VCALENDAR",
  "VERSION:2.0",
  "PRODID:-//x//y//EN",
  ...events,
  "END:VCALENDAR",
  "",
];
const calendars: Readonly<Record<string, string>> = {
  // vdirsyncer: one event per file, named by its UID.
  "personal/3F2504E0-4F89-11D3.ics": calendar(
    "BEGIN:VEVENT",
    "UID:3F2504E0",
    "DTSTART:20251124T090000Z",
    "DTEND:20251124T093000Z",
    "SUMMARY:vdirsyncer",
    "END:VEVENT",
  ).join("\r\n"),
  "personal/displayname": "Personal",
  // Outlook: a byte order mark, a Windows zone that the file explains, line feeds alone.
  "outlook.ics": `\ufeff${calendar("BEGIN:VTIMEZONE", "TZID:W. Europe Standard Time", "BEGIN:STANDARD", "DTSTART:16010101T030000", "TZOFFSETFROM:+0200", "TZOFFSETTO:+0100", "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10", "END:STANDARD", "BEGIN:DAYLIGHT", "DTSTART:16010101T020000", "TZOFFSETFROM:+0100", "TZOFFSETTO:+0200", "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3", "END:DAYLIGHT", "END:VTIMEZONE", "BEGIN:VEVENT", "UID:o1", "DTSTART;TZID=W. Europe Standard Time:20251124T110000", "DTEND;TZID=W. Europe Standard Time:20251124T120000", "SUMMARY:Outlook\\, in Berlin", "END:VEVENT").join("\n")}`,
  "broken.ics": "BEGIN:VCALENDAR\nnot a calendar",
};

function write(folder: string, files: Readonly<Record<string, string | Buffer>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), content);
  }
}

/** Every file with its size and time: what reading must leave alone. */
function stateOf(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .sort()
    .flatMap((name) => {
      const stats = statSync(path.join(folder, name), { throwIfNoEntry: false });
      return stats ? [`${name} ${stats.size} ${stats.mtimeMs}`] : [];
    });
}

beforeAll(async () => {
  base = mkdtempSync(path.join(tmpdir(), "roster-own-mail-"));
  const at = (name: string) => path.join(base, name);
  write(at("mine/Mail box"), maildir);
  for (const sub of ["new", "cur", "tmp"]) mkdirSync(path.join(at("mine/Mail box"), sub), { recursive: true });
  utimesSync(path.join(at("mine/Mail box"), "new/note-to-self"), 1_763_701_300, 1_763_701_300);
  mkdirSync(path.join(at("mine/Mail box"), "cur/a-folder-where-none-belongs"));
  symlinkSync("/etc/hostname", path.join(at("mine/Mail box"), "cur/1763701400.R99.host:2,"));
  write(at("nested"), nested);
  write(at("mine/cal"), calendars);
  write(at("mine/files"), { "Plan für März.md": "Angebot 46.500 €\n" });
  const people = [
    {
      user: "ana@acme.example",
      maildir: "mine/Mail box",
      calendars: ["mine/cal/personal", "mine/cal/outlook.ics", "mine/cal/broken.ics", "mine/cal/gone.ics"],
      files: "mine/files",
      timeZone: "Europe/Lisbon",
    },
    { user: "ana@other.example", maildir: at("nested"), files: at("mine/files") },
  ];
  writeFileSync(at("people.json"), JSON.stringify(people));
  access = await prepareOffice({ root, folder: at("state"), officeUsers: at("people.json") });
  office = await startChild({
    name: "office",
    script: path.join(root, "examples", "office", "main.ts"),
    args: (port) => ["--root", at("state"), "--port", String(port), "--users", access.usersFile],
    announces: true,
    cwd: root,
    logFile: at("office.log"),
    log: silentLog,
    clock: systemClock,
  });
});
afterAll(async () => {
  await office?.[Symbol.asyncDispose]();
  rmSync(base, { recursive: true, force: true });
});

async function call<T>(user: string, server: string, tool: string, input: object = {}): Promise<T> {
  const token = access.people.find((one) => one.user === user)?.token;
  const client = new Client({ name: "test", version: "1" });
  const requestInit = { headers: { authorization: `Bearer ${token}` } };
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${office.url}/${server}`), { requestInit }) as Transport,
  );
  try {
    const result = await client.callTool({ name: tool, arguments: { ...input } });
    if (result.isError) throw new Error((result.content as { text: string }[])[0]?.text);
    return result.structuredContent as T;
  } finally {
    await client.close();
  }
}

interface Listed {
  readonly folders: readonly string[];
  readonly messages: readonly {
    id: string;
    subject: string;
    from: string;
    date: string;
    unread: boolean;
    flagged: boolean;
    labels: string[];
  }[];
}
const ana = "ana@acme.example";
const other = "ana@other.example";

describe("a Maildir as other programs keep it", () => {
  it("is listed whole, newest first, with flags and labels, whatever wrote it", async () => {
    const { messages } = await call<Listed>(ana, "mail", "list", { limit: 50 });
    expect(messages.map(({ subject }) => subject)).toEqual([
      "no time in the name",
      "huge",
      expect.any(String), // rubbish
      expect.stringMatching(/^(cut in the mid)?$/),
      "", // empty
      "from mbox",
      "Überweisung über 46.500 €",
      expect.stringMatching(/^(first|second)$/),
      expect.stringMatching(/^Caf. com a..car$/),
      "semicolon",
      "offlineimap",
      "no flags",
      "mbsync",
      "Dovecot ✓",
    ]);
    const find = (subject: string) => messages.find((one) => one.subject === subject);
    expect(find("Dovecot ✓")).toMatchObject({
      unread: false,
      flagged: true,
      labels: ["invoices"],
      date: "2025-11-21T04:40:00.000Z",
      from: "Zoë <zoe@example.org>",
    });
    expect(find("offlineimap")).toMatchObject({ unread: false, date: "" });
    expect(find("no flags")).toMatchObject({ unread: true });
    expect(find("semicolon")).toMatchObject({ unread: false });
  });

  it("broken dates and raw 8-bit headers are no reason to lose a message", async () => {
    const { messages } = await call<Listed>(ana, "mail", "list", { limit: 50 });
    const cafe = messages.find(({ subject }) => subject.startsWith("Caf"));
    expect(cafe).toMatchObject({ date: "", subject: "Café com açúcar", from: "José <jose@example.org>" });
    const read = await call<{ text: string }>(ana, "mail", "get", { id: cafe?.id });
    expect(read.text).toContain("Ol");
  });

  it("every message can be opened by the id that the list gives", async () => {
    const { messages } = await call<Listed>(ana, "mail", "list", { limit: 50 });
    for (const { id } of messages) expect(await call(ana, "mail", "get", { id })).toMatchObject({ id });
    const huge = messages.find(({ subject }) => subject === "huge");
    const read = await call<{ text: string; truncated: boolean; bytes: number }>(ana, "mail", "get", { id: huge?.id });
    expect(read).toMatchObject({ text: "Please see the film of the offer.", truncated: true });
    expect(read.bytes).toBeGreaterThan(6_000_000);
  });

  it("its sub-folders are there: with dots, deep, and in modified UTF-7", async () => {
    const { folders } = await call<Listed>(ana, "mail", "list");
    expect(folders).toEqual(["INBOX", "Archive", "Clients.Northwind.2025", "Entw&APw-rfe"]);
    for (const [folder, subject] of [
      ["Archive", "archived"],
      ["Clients.Northwind.2025", "deep"],
      ["Entw&APw-rfe", "Entwurf"],
    ]) {
      expect((await call<Listed>(ana, "mail", "list", { folder })).messages.map((one) => one.subject)).toEqual([
        subject,
      ]);
    }
  });

  it("folders in folders, as mbsync and offlineimap make them, are a mailbox too", async () => {
    const inbox = await call<Listed>(other, "mail", "list");
    expect(inbox.folders).toEqual(["INBOX", "Archive", "Archive/2024"]);
    expect(inbox.messages.map(({ subject, unread }) => [subject, unread])).toEqual([
      ["newest", true],
      ["in a folder", false],
    ]);
    const older = await call<Listed>(other, "mail", "list", { folder: "Archive/2024" });
    expect(older.messages.map(({ subject }) => subject)).toEqual(["older"]);
    const found = await call<Listed>(other, "mail", "search", { query: "needle" });
    expect(found.messages.map(({ subject }) => subject)).toEqual(["in a folder", "old", "older"]);
    const draft = { to: ["a@b.example"], subject: "Re", text: "x", idempotency_key: "k" };
    const { id } = await call<{ id: string }>(other, "mail", "create_draft", draft);
    await call(other, "mail", "move", { id, folder: "Archive" });
    expect(readdirSync(path.join(base, "nested", "Archive", "cur"))).toHaveLength(2);
  });
});

describe("calendars and files as other programs keep them", () => {
  it("vdirsyncer's folder and Outlook's export are read, and what is broken or gone is named", async () => {
    const { events, problems } = await call<{ events: { title: string; start: string }[]; problems: string[] }>(
      ana,
      "calendar",
      "list",
      { from: "2025-11-24" },
    );
    expect(events.map(({ title, start }) => [title, start])).toEqual([
      ["vdirsyncer", "2025-11-24T09:00:00+00:00"],
      ["Outlook, in Berlin", "2025-11-24T10:00:00+00:00"],
    ]);
    expect(problems).toEqual([
      'calendar "gone" cannot be found',
      'calendar "broken" is not valid iCalendar and was left out',
    ]);
  });

  it("names of files may be anything", async () => {
    const { found } = await call<{ found: { path: string }[] }>(ana, "files", "search", { query: "märz" });
    expect(found).toMatchObject([{ path: "Plan für März.md" }]);
  });
});

it("two people with the same name at two companies have a Secret each", () => {
  expect(access.people.map(({ secretName }) => secretName)).toEqual([
    "ana-acme-example-office",
    "ana-other-example-office",
  ]);
  expect(secretNames(["ana@acme.example", "Ben.Ola+x@acme.example"])).toEqual(["ana-office", "ben-ola-x-office"]);
  expect(() => secretNames(["a.b@x.example", "a-b@x.example"])).toThrow(
    /would share the Secret "a-b-x-example-office"/,
  );
});

it("reading leaves every file as it was", async () => {
  const before = stateOf(path.join(base, "mine"));
  await call(ana, "mail", "list", { limit: 50 });
  await call(ana, "mail", "search", { query: "nothing has these words" });
  await call(ana, "calendar", "list", {});
  await call(ana, "files", "list", {});
  expect(stateOf(path.join(base, "mine"))).toEqual(before);
});
