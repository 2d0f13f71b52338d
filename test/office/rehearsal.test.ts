import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { demoPeople, seedOffice } from "../../examples/office/seed.ts";
import { type OfficeServer, startOffice } from "../../examples/office/server.ts";
import { openUsers } from "../../examples/office/users.ts";
import { systemClock } from "../../lib/clock.ts";
import { sha256 } from "../../lib/ids.ts";
import { isObject } from "../../lib/json.ts";
import { silentLog } from "../../lib/log.ts";
import { type Rehearsal, startRehearsal } from "../../rehearsal/server.ts";

const now = Date.parse("2026-03-25T12:00:00Z");
const roles = path.join(import.meta.dirname, "../../roles");
let root: string;
let office: OfficeServer;
let rehearsal: Rehearsal;

beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), "roster-rehearsal-"));
  const entries = await seedOffice({ root, now });
  const file = path.join(root, "users.json");
  await writeFile(file, JSON.stringify(entries.map((entry) => ({ ...entry, tokenSha256: sha256(entry.user) }))));
  office = await startOffice({
    users: await openUsers(file, root),
    port: 0,
    clock: { ...systemClock, now: () => now },
    log: silentLog,
  });
  rehearsal = await startRehearsal({
    port: 0,
    scripts: [path.join(roles, "*/rehearsal.yaml")],
  });
});

afterAll(async () => {
  await rehearsal[Symbol.asyncDispose]();
  await office[Symbol.asyncDispose]();
  await rm(root, { recursive: true, force: true });
});

type Call = { readonly id: string; readonly function: { readonly name: string; readonly arguments: string } };
type Message = { readonly role: string; readonly content: string | null; readonly tool_calls?: readonly Call[] };

/** Plays one task to its end without gateway and runtime: the office and the script must fit each other on their own. */
async function play(user: string, intent: string, offline = false) {
  const artifacts: Record<string, string> = {};
  const messages: object[] = [
    { role: "system", content: "You are Tess, an executive assistant." },
    { role: "user", content: `Intent: ${intent}\n\nPrepare it` },
  ];
  const calls: string[] = [];
  for (let turn = 0; turn < 10; turn++) {
    const answer = await fetch(`${rehearsal.url}/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: "medium", messages }),
    });
    expect(answer.status).toBe(200);
    const { choices } = (await answer.json()) as { choices: { message: Message }[] };
    const message = choices[0]?.message;
    if (!message?.tool_calls?.length) return { text: message?.content ?? "", artifacts, calls };
    messages.push(message);
    for (const { id, function: wanted } of message.tool_calls) {
      const [server = "", tool = ""] = wanted.name.split("__");
      const input = JSON.parse(wanted.arguments) as Record<string, unknown>;
      calls.push(`${server}.${tool}`);
      if (server === "artifact") artifacts[String(input.name)] = String(input.content);
      const denied = JSON.stringify({ reason: "PolicyDenied", message: "no" });
      const own = ["artifact", "memory", "skill"].includes(server);
      const content = own ? "{}" : offline ? denied : await callOffice(user, server, tool, input);
      messages.push({ role: "tool", tool_call_id: id, content });
    }
  }
  throw new Error("the script does not end");
}

async function callOffice(user: string, server: string, tool: string, input: Record<string, unknown>): Promise<string> {
  const client = new Client({ name: "test", version: "1" });
  const requestInit = { headers: { authorization: `Bearer ${user}` } };
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${office.url}/${server}`), { requestInit }) as Transport,
  );
  const { content } = await client.callTool({ name: tool, arguments: input });
  await client.close();
  return (content as { text: string }[])[0]?.text ?? "";
}

describe("the shipped rehearsal of ea_tess", () => {
  const first: Readonly<Record<string, readonly string[]>> = {
    "ana@acme.example": [
      "Re: Renewal: we need your answer by Thursday",
      "- 14:00 Northwind: renewal call, Video",
      "Pay invoice 7731",
    ],
    "ben@acme.example": [
      "Re: レビューのお願い: retry budget",
      "- 11:00 Review of last night's incident",
      "Incident review, due in two days",
    ],
  };
  for (const { user } of demoPeople) {
    it(`writes a snapshot of what is really in the office of ${user}, and nothing of the other's`, async () => {
      const { text, artifacts, calls } = await play(user, "daily-snapshot");
      expect(calls).toEqual([
        "skill.read",
        "memory.read",
        "mail.list",
        "calendar.list",
        "files.search",
        "mail.get",
        "files.read",
        "artifact.write",
      ]);
      for (const [owner, lines] of Object.entries(first)) {
        for (const line of lines) expect(artifacts["snapshot.md"]?.includes(line), line).toBe(owner === user);
      }
      expect(text).toMatch(/^Rehearsal\. Snapshot written: \d+ unread messages, \d+ events\. First: /);
    });
  }

  for (const intent of ["daily-snapshot", "triage-inbox", "send-answer", "something-else"]) {
    it(`plays ${intent} to its end, also when every tool is denied`, async () => {
      expect((await play("ana@acme.example", intent)).text).toMatch(/^Rehearsal\. /);
      expect((await play("ana@acme.example", intent, true)).text).toMatch(/^Rehearsal\. /);
    });
  }

  it("does what it says: a label, a draft and a sent answer are in the mailbox", async () => {
    const listed = async (folder: string) => {
      const answer = JSON.parse(await callOffice("ben@acme.example", "mail", "list", { folder })) as unknown;
      return isObject(answer) ? (answer.messages as { subject: string; labels: string[] }[]) : [];
    };
    await play("ben@acme.example", "triage-inbox");
    expect((await listed("INBOX")).flatMap((one) => one.labels)).toEqual(["later"]);
    expect((await listed("Drafts")).map((one) => one.subject)).toEqual(["Re: Re: レビューのお願い: retry budget"]);
    await play("ben@acme.example", "send-answer");
    expect(await listed("Sent")).toHaveLength(1);
  });
});
