import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { seedOffice } from "../../examples/office/seed.ts";
import { type OfficeServer, startOffice } from "../../examples/office/server.ts";
import { openUsers } from "../../examples/office/users.ts";
import { systemClock } from "../../lib/clock.ts";
import { sha256 } from "../../lib/ids.ts";
import { silentLog } from "../../lib/log.ts";

const now = Date.parse("2026-03-25T12:00:00Z");
const clock = { ...systemClock, now: () => now };
let root: string;
let office: OfficeServer;
let entries: Awaited<ReturnType<typeof seedOffice>>;

beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), "roster-office-"));
  entries = await seedOffice({ root, now });
  const people = entries.map((entry) => ({ ...entry, tokenSha256: sha256(tokenOf(entry.user)) }));
  await writeFile(path.join(root, "users.json"), JSON.stringify(people));
  office = await startOffice({
    users: await openUsers(path.join(root, "users.json"), root),
    port: 0,
    clock,
    log: silentLog,
  });
});

afterAll(async () => {
  await office[Symbol.asyncDispose]();
  await rm(root, { recursive: true, force: true });
});

const tokenOf = (user: string) => `token-of-${user}`;
const ana = "ana@acme.example";
const ben = "ben@acme.example";

interface Answer {
  readonly error?: string;
  readonly [key: string]: unknown;
}

async function call(user: string, server: string, tool: string, input: object = {}): Promise<Answer> {
  const client = new Client({ name: "test", version: "1" });
  const headers = { authorization: `Bearer ${tokenOf(user)}` };
  const transport = new StreamableHTTPClientTransport(new URL(`${office.url}/${server}`), { requestInit: { headers } });
  await client.connect(transport as Transport);
  try {
    const result = await client.callTool({ name: tool, arguments: { ...input } });
    const [first] = result.content as { text: string }[];
    return result.isError ? { error: first?.text ?? "" } : (result.structuredContent as Answer);
  } finally {
    await client.close();
  }
}

type Message = { id: string; subject: string; unread: boolean; folder: string; labels: string[] };
const inbox = async (user: string) => (await call(user, "mail", "list")).messages as Message[];

describe("who may come in", () => {
  const post = (headers: Record<string, string>, body = "{}") =>
    fetch(`${office.url}/mail`, { method: "POST", headers: { "content-type": "application/json", ...headers }, body });

  it("nobody without a token of the users file, whatever the path", async () => {
    for (const authorization of ["", "Bearer", "Bearer nobody", `Basic ${tokenOf(ana)}`, `Bearer ${tokenOf(ana)}x`]) {
      const answer = await post(authorization === "" ? {} : { authorization });
      expect(answer.status).toBe(401);
      expect(answer.headers.get("www-authenticate")).toContain("Bearer");
    }
  });

  it("a body that is not JSON, or too large, is refused in words", async () => {
    const authorization = `Bearer ${tokenOf(ana)}`;
    expect((await post({ authorization }, "{nope")).status).toBe(400);
    expect((await post({ authorization }, '{"a":1,"a":2}')).status).toBe(400);
    expect((await post({ authorization }, `"${"x".repeat(1_100_000)}"`)).status).toBe(413);
  });

  it("somebody who is put into the file later comes in, and one who is taken out does not", async () => {
    const file = path.join(root, "later.json");
    await writeFile(file, "[]");
    const users = await openUsers(file, root);
    expect(await users.admit("t")).toBeUndefined();
    await writeFile(file, JSON.stringify([{ ...entries[0], tokenSha256: sha256("t") }]));
    expect((await users.admit("t"))?.user).toBe(ana);
    await writeFile(file, "[ ]");
    expect(await users.admit("t")).toBeUndefined();
  });

  it("a users file that cannot be right is refused with entry and field", async () => {
    const bad: Readonly<Record<string, unknown>> = {
      "must hold a list": {},
      "entry 1": [3],
      maildir: [{ ...entries[0], tokenSha256: sha256("t"), maildir: "" }],
      tokenSha256: [{ ...entries[0], tokenSha256: "short" }],
      timeZone: [{ ...entries[0], tokenSha256: sha256("t"), timeZone: "Mars/Base" }],
      "same token": [0, 1].map((index) => ({ ...entries[index], tokenSha256: sha256("t") })),
    };
    for (const [says, content] of Object.entries(bad)) {
      const file = path.join(root, "bad.json");
      await writeFile(file, JSON.stringify(content));
      await expect(openUsers(file, root)).rejects.toThrow(says);
    }
  });
});

describe("each sees their own", () => {
  it("mail, calendar and files of two people have nothing in common", async () => {
    const [anas, bens] = await Promise.all([inbox(ana), inbox(ben)]);
    expect(anas.length).toBeGreaterThan(3);
    expect(bens.length).toBeGreaterThan(3);
    for (const message of bens) {
      expect(anas.map((one) => one.id)).not.toContain(message.id);
      expect((await call(ana, "mail", "get", { id: message.id })).error).toContain("no message");
    }
    expect((await call(ana, "mail", "search", { query: "incident" })).messages).toEqual([]);
    expect((await call(ana, "files", "search", { query: "retries" })).found).toEqual([]);
    const day = JSON.stringify(await call(ana, "calendar", "list", { days: 7 }));
    expect(day).toContain("Northwind: renewal call");
    expect(day).not.toContain("Engineering daily");
  });

  const ways = [
    "../ben@acme.example/files/todo.md",
    "/etc/passwd",
    "..",
    "a/../../b",
    "..\\x",
    "northwind/../../..",
    "link",
    "linked/todo.md",
    "a\0b",
  ];
  it("no path leads out of the folder, and no link either", async () => {
    const files = entries[0]?.files ?? "";
    await symlink("/etc/passwd", path.join(files, "link"));
    await symlink(entries[1]?.files ?? "", path.join(files, "linked"));
    for (const way of ways) {
      for (const tool of ["read", "list"]) {
        const { error } = await call(ana, "files", tool, { path: way });
        expect(error, `${tool} ${way}`).toMatch(/leads out of the folder|there is no/);
      }
    }
    expect(JSON.stringify(await call(ana, "files", "list"))).not.toContain("link");
    expect((await call(ana, "files", "search", { query: "retries" })).found).toEqual([]);
  });

  it("no mail folder or message id leads out either", async () => {
    const [message] = await inbox(ana);
    for (const folder of ["../../ben@acme.example/Maildir/cur", "..", "/tmp", "a/b", ".x", ""]) {
      expect((await call(ana, "mail", "move", { id: message?.id, folder })).error, folder).toBeDefined();
      expect((await call(ana, "mail", "list", { folder })).error, folder).toBeDefined();
    }
    expect((await call(ana, "mail", "get", { id: "../../x" })).error).toContain("no message");
  });
});

describe("mail", () => {
  it("reads a message in text, and its conversation from all folders", async () => {
    const message = (await inbox(ana)).find((one) => one.subject.startsWith("Renewal: we need"));
    expect(message?.unread).toBe(true);
    const read = await call(ana, "mail", "get", { id: message?.id });
    expect(read).toMatchObject({ from: "Héloïse Núñez <heloise@northwind.example>", text_from: "plain" });
    expect(read.text).toContain("48,000 €");
    const thread = (await call(ana, "mail", "thread", { id: message?.id })).messages as Message[];
    expect(thread.map((one) => one.subject)).toEqual([
      message?.subject,
      "Re: Renewal: we need your answer by Thursday",
    ]);
  });

  it("labels and moves, and does so twice as once", async () => {
    const message = (await inbox(ana)).find((one) => one.subject === "Your invoice 7731");
    for (const _ of [1, 2])
      expect((await call(ana, "mail", "label", { id: message?.id, label: "invoices" })).labels).toEqual(["invoices"]);
    for (const _ of [1, 2])
      expect(await call(ana, "mail", "move", { id: message?.id, folder: "Bills" })).toMatchObject({ folder: "Bills" });
    const bills = (await call(ana, "mail", "list", { folder: "Bills" })).messages as Message[];
    expect(bills.map((one) => one.subject)).toEqual(["Your invoice 7731"]);
    expect((await inbox(ana)).map((one) => one.id)).not.toContain(message?.id);
  });

  it("drafts and sends once per key", async () => {
    const draft = { to: ["zoe@x.example"], subject: "Olá ✔", text: "Até já", idempotency_key: "k1" };
    expect((await call(ana, "mail", "find_sent", { idempotency_key: "k1" })).found).toBe(false);
    const [first, second] = [await call(ana, "mail", "send", draft), await call(ana, "mail", "send", draft)];
    expect(second).toMatchObject({ id: first.id, repeated: true });
    expect(await call(ana, "mail", "find_sent", { idempotency_key: "k1" })).toMatchObject({
      found: true,
      folder: "Sent",
    });
    expect(await call(ana, "mail", "get", { id: first.id })).toMatchObject({
      folder: "Sent",
      subject: "Olá ✔",
      text: "Até já",
    });
    expect(
      (await call(ana, "mail", "create_draft", { ...draft, idempotency_key: "k2", to: ["x\r\nBcc: y@z.example"] }))
        .error,
    ).toContain("mail address");
  });

  it("says which argument is wrong", async () => {
    expect((await call(ana, "mail", "list", { limit: 1000 })).error).toContain("limit");
    expect((await call(ana, "mail", "send", { to: [], subject: "x", text: "y" })).error).toContain("to");
    expect((await call(ana, "mail", "label", { id: "x", label: "two words" })).error).toContain("label");
  });

  it("a broken and a huge message neither stop the list nor fill the answer", async () => {
    const folder = path.join(entries[1]?.maildir ?? "", "new");
    await writeFile(path.join(folder, "1774000001.broken.x"), Buffer.from([0, 255, 1, 2]));
    await writeFile(path.join(folder, "1774000002.huge.x"), `Subject: huge\r\n\r\n${"lorem ipsum ".repeat(800_000)}`);
    await symlink("/etc/passwd", path.join(folder, "1774000003.link.x"));
    const list = await inbox(ben);
    expect(list.map((one) => one.subject)).toContain("huge");
    expect(list.map((one) => one.id)).not.toContain("1774000003.link.x");
    const huge = await call(ben, "mail", "get", { id: "1774000002.huge.x" });
    expect(huge).toMatchObject({ truncated: true });
    expect(JSON.stringify(huge).length).toBeLessThan(40_000);
  });
});

describe("calendar", () => {
  type Event = { id: string; title: string; start: string };
  const day = async (user: string, input = {}) => (await call(user, "calendar", "list", input)).events as Event[];

  it("shows today in the reader's zone, series expanded, moved and excluded", async () => {
    expect((await day(ana)).map((one) => `${one.start.slice(11, 16)} ${one.title}`)).toEqual([
      "09:15 Sales stand-up",
      "14:00 Northwind: renewal call",
      "16:00 Pipeline review with Tomás",
      "18:30 Parents' evening",
    ]);
    const standups = (await day(ana, { days: 4 })).filter((one) => one.title === "Sales stand-up");
    expect(standups.map((one) => one.start.slice(5, 16))).toEqual(["03-25T09:15", "03-26T11:45", "03-28T09:15"]);
  });

  it("creates once per key and moves one instance of a series", async () => {
    const meeting = {
      title: "Lunch",
      start: "2026-03-25T13:00",
      idempotency_key: "lunch",
      attendees: ["zoe@x.example"],
    };
    const first = await call(ben, "calendar", "create", meeting);
    expect(await call(ben, "calendar", "create", meeting)).toMatchObject({ id: first.id, repeated: true });
    const daily = (await day(ben, { from: "2026-03-28" })).find((one) => one.title === "Engineering daily");
    await call(ben, "calendar", "move", { id: daily?.id, start: "2026-03-28T17:00" });
    expect((await day(ben, { from: "2026-03-28" })).map((one) => one.start)).toEqual(["2026-03-28T17:00:00+01:00"]);
    const lunch = (await day(ben)).filter((one) => one.title === "Lunch");
    expect(lunch.map((one) => one.start)).toEqual(["2026-03-25T13:00:00+01:00"]);
    expect(await call(ben, "calendar", "get", { id: first.id })).toMatchObject({ attendees: ["zoe@x.example"] });
  });

  it("a rule that never ends is left out by name, and everything else is shown", async () => {
    const folder = entries[0]?.calendars[0] ?? "";
    const hostile = [
      "BEGIN:VCALENDAR",
      "BEGIN:VEVENT",
      "UID:evil",
      "SUMMARY:Evil",
      "DTSTART:20200101T100000Z",
      "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
      "END:VEVENT",
      "END:VCALENDAR",
      "",
    ];
    await writeFile(path.join(folder, "evil.ics"), hostile.join("\r\n"));
    await writeFile(path.join(folder, "broken.ics"), "BEGIN:VCALENDAR\r\nnope");
    const answer = await call(ana, "calendar", "list");
    expect((answer.events as Event[]).map((one) => one.title)).toContain("Pipeline review with Tomás");
    expect(JSON.stringify(answer.problems)).toContain("Evil");
    expect(JSON.stringify(answer.problems)).toContain("broken");
  });
});

describe("the seed", () => {
  it("written again for another day replaces and never doubles", async () => {
    const count = async () => (await readdir(path.join(root, "again"), { recursive: true })).length;
    await mkdir(path.join(root, "again"));
    await seedOffice({ root: path.join(root, "again"), now });
    const before = await count();
    await seedOffice({ root: path.join(root, "again"), now: now + 86_400_000 });
    expect(await count()).toBe(before);
  });
});
