import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { AgentRun } from "../../api/generated/agent-run.ts";
import { kinds } from "../../api/kinds.ts";
import type { Resource } from "../../api/resource.ts";
import { type EmbeddedPostgres, resetPostgres, startPostgres } from "../../ledger/embedded/supervisor.ts";
import { systemClock } from "../../lib/clock.ts";
import { silentLog } from "../../lib/log.ts";
import { startRehearsal } from "../../rehearsal/server.ts";
import { Place, type Up } from "./fleet.ts";

// Everything that is the user's own at once: a database, a model endpoint, and a mailbox with calendar and files.
const canary = "Quarterly numbers for the zebra project";
const script = (file: string) =>
  writeFile(
    file,
    `scenes:
- name: reads the mailbox
  when: { intent: daily-snapshot }
  replies:
  - toolCalls: [{ name: mail.list, arguments: { limit: 5 } }, { name: calendar.list, arguments: { days: 7 } }]
  - toolCalls:
    - name: artifact.write
      arguments: { name: snapshot.md, content: "{{ results['mail.list'].messages.map(m, m.subject).join(', ') }}" }
  - text: "Done."
`,
  );

let base: string;
let place: Place;
let up: Up;
let postgres: EmbeddedPostgres;
let model: Awaited<ReturnType<typeof startRehearsal>>;

beforeAll(async () => {
  base = await mkdtemp(path.join(tmpdir(), "roster-own-"));
  for (const folder of ["Maildir/cur", "Maildir/new", "Maildir/tmp", "files"])
    await mkdir(path.join(base, "mine", folder), { recursive: true });
  const date = new Date(systemClock.now()).toUTCString().replace("GMT", "+0000");
  await writeFile(
    path.join(base, "mine/Maildir/new/1700000000.M1P1.host"),
    `From: Zoe <zoe@example.org>\nTo: ana@acme.example\nSubject: ${canary}\nDate: ${date}\nMessage-ID: <1@example.org>\n\nSee attached.\n`,
  );
  await writeFile(
    path.join(base, "mine/me.ics"),
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//EN\r\nEND:VCALENDAR\r\n",
  );
  const users = [
    {
      user: "ana@acme.example",
      maildir: "mine/Maildir",
      calendars: ["mine/me.ics"],
      files: "mine/files",
      timeZone: "Europe/Lisbon",
    },
  ];
  await writeFile(path.join(base, "users.json"), JSON.stringify(users));
  await script(path.join(base, "script.yaml"));
  [postgres, model] = await Promise.all([
    startPostgres({ home: path.join(base, "pg"), log: silentLog, clock: systemClock }),
    startRehearsal({ port: 0, scripts: [path.join(base, "script.yaml")], log: path.join(base, "requests.jsonl") }),
  ]);
  place = new Place();
  up = await place
    .up([], {
      DATABASE_URL: postgres.url,
      ROSTER_MODEL_URL: model.url,
      ROSTER_MODEL_KEY: "sk-canary-0123456789",
      ROSTER_MODEL_NAME: "own-model",
      ROSTER_OFFICE_USERS: path.join(base, "users.json"),
    })
    .ready();
});
afterAll(async () => {
  await up?.[Symbol.asyncDispose]();
  await place?.[Symbol.asyncDispose]();
  await model?.[Symbol.asyncDispose]();
  await postgres?.[Symbol.asyncDispose]();
  await resetPostgres(path.join(base, "pg"), { log: silentLog, clock: systemClock });
  await rm(base, { recursive: true, force: true });
});

it("the same fleet runs on a database, a model endpoint and a mailbox of the user's own", async () => {
  await up.line(/done {3}tess-ana-first/);
  expect(up.output).not.toContain("rehearsal: the offline model");
  await using admin = await up.as("admin");
  const run = await admin.get<AgentRun>(kinds.AgentRun, "tess-ana-first", "acme");
  expect(run.status?.outcome?.artifacts).toEqual([
    expect.objectContaining({ name: "snapshot.md", bytes: canary.length }),
  ]);
  const asked = (await readFile(path.join(base, "requests.jsonl"), "utf8"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { model?: string });
  expect(asked.length).toBeGreaterThanOrEqual(3);
  expect(asked.every((one) => one.model === "own-model")).toBe(true);
  const children = await up.children();
  expect(children.filter((one) => /postgres|rehearsal/.test(one.command))).toEqual([]);
});

it("neither mail nor key is in the output, the logs, or what others of the namespace can read", async () => {
  await using approver = await up.as("approver");
  const seen = [up.output];
  for (const name of ["up.log", "runtime.log", "office.log"])
    seen.push(await readFile(path.join(place.home, "log", name), "utf8").catch(() => ""));
  for (const kind of [kinds.AgentRun, kinds.AgentBinding, kinds.AgentRole, kinds.AgentTrigger]) {
    seen.push(JSON.stringify((await approver.list<Resource>(kind, { namespace: "acme" })).items));
  }
  await expect(approver.list(kinds.Secret, { namespace: "acme" })).rejects.toMatchObject({ reason: "Forbidden" });
  const text = seen.join("\n");
  for (const secret of [canary, "zebra", "sk-canary", up.token("worker"), up.token("ana@acme.example")])
    expect(text).not.toContain(secret);
});

it("a file of people that is wrong is named before anything starts", async () => {
  await writeFile(
    path.join(base, "wrong.json"),
    JSON.stringify([{ user: "ana@acme.example", maildir: "nowhere", files: "mine/files" }]),
  );
  await using other = new Place();
  const refused = await other.roster(["up"], { ROSTER_OFFICE_USERS: path.join(base, "wrong.json") });
  expect(refused.code).toBe(2);
  expect(refused.stderr).toMatch(
    /ROSTER_OFFICE_USERS \(".*wrong\.json"\), entry 1: maildir ".*nowhere" does not exist/,
  );
});
