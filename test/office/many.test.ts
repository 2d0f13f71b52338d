import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { manyPeople } from "../../examples/office/seed/many.ts";
import { seedOffice } from "../../examples/office/seed.ts";
import { type OfficeServer, startOffice } from "../../examples/office/server.ts";
import { openUsers } from "../../examples/office/users.ts";
import { systemClock } from "../../lib/clock.ts";
import { sha256 } from "../../lib/ids.ts";
import { silentLog } from "../../lib/log.ts";

const now = Date.parse("2026-03-25T12:00:00Z");
const people = manyPeople(50);
let root: string;
let office: OfficeServer;

beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), "roster-many-"));
  const entries = await seedOffice({ root, now, people });
  const file = path.join(root, "users.json");
  await writeFile(file, JSON.stringify(entries.map((entry) => ({ ...entry, tokenSha256: sha256(entry.user) }))));
  const clock = { ...systemClock, now: () => now };
  office = await startOffice({ users: await openUsers(file, root), port: 0, clock, log: silentLog });
});

afterAll(async () => {
  await office[Symbol.asyncDispose]();
  await rm(root, { recursive: true, force: true });
});

const calls: readonly (readonly [server: string, tool: string, input: object])[] = [
  ["mail", "list", {}],
  ["mail", "search", { query: "canary" }],
  ["calendar", "list", { days: 7 }],
  ["files", "list", {}],
  ["files", "search", { query: "canary" }],
  ["files", "read", { path: "todo.md" }],
];

async function call(user: string, [server, tool, input]: (typeof calls)[number]): Promise<string> {
  const answer = await fetch(`${office.url}/${server}`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${user}`,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: tool, arguments: input } }),
  });
  return answer.text();
}

it("fifty people at once: each finds their own canary in every answer, and nobody another's", async () => {
  await Promise.all(
    people.map(async ({ user, canary }) => {
      for (const one of calls) {
        const text = await call(user, one);
        expect(new Set(text.match(/canary-\d{3}-\d+/g)), `${one[0]}.${one[1]} of ${user}`).toEqual(new Set([canary]));
      }
    }),
  );
});
