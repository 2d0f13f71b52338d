import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AgentBinding } from "../../api/generated/agent-binding.ts";
import type { AgentRun } from "../../api/generated/agent-run.ts";
import { kinds } from "../../api/kinds.ts";
import type { Stored } from "../../api/resource.ts";
import { systemClock } from "../../lib/clock.ts";
import type { RuntimeProcess } from "../runtime/process.ts";
import { makeCanaries } from "./kit/canary.ts";
import { everywhere, leaks } from "./kit/evidence.ts";
import { bindingOf, type Fleet, openFleet } from "./kit/fifty.ts";
import { userOf } from "./kit/offices.ts";

// What a person tells the agent once is kept in memory, so that each memory holds a canary of its own.
const scenes = `scenes:
- name: remember
  when: { intent: remember, system: "You are Tess" }
  replies:
  - toolCalls:
    - { name: memory.read, arguments: { path: preferences.md } }
    - { name: files.read, arguments: { path: habits.md } }
  - toolCalls:
    - name: memory.write
      arguments:
        path: preferences.md
        content: "{{ results['memory.read'].content + results['files.read'].text }}"
        version: "{{ results['memory.read'].version }}"
  - text: "Noted: {{ results['files.read'].text }}"
`;

const count = 50;
const everybody = Array.from({ length: count }, (_, index) => index + 1);
let fleet: Fleet;
let runtime: RuntimeProcess;
const took: Record<string, number> = {};

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const from = systemClock.now();
  const done = await work();
  took[what] = systemClock.now() - from;
  return done;
}

/** Asks everybody's agent at once; answers the runs by person. */
async function askEverybody(intent: string): Promise<ReadonlyMap<number, Stored<AgentRun>>> {
  const names = await Promise.all(everybody.map((index) => fleet.ask(index, intent)));
  const runs = await fleet.ended(names);
  return new Map(everybody.map((index, i) => [index, runs.get(names[i]!)!]));
}

beforeAll(async () => {
  fleet = await timed("start", () => openFleet({ count, scenes }));
  await timed("hire", () =>
    Promise.all(
      everybody.map((index) =>
        fleet.until<Stored<AgentBinding>>(kinds.AgentBinding, bindingOf(index), ({ status }) =>
          ["Ready", "CredentialsBound", "Funded"].every((type) =>
            status?.conditions?.some((one) => one.type === type && one.status === "True"),
          ),
        ),
      ),
    ),
  );
  runtime = fleet.startRuntime(4);
});
afterAll(async () => {
  await runtime?.[Symbol.asyncDispose]();
  await fleet?.[Symbol.asyncDispose]();
  console.info(`fifty subjects, milliseconds: ${JSON.stringify(took)}`);
});

describe("the hunt", () => {
  it("finds a canary in every encoding, or finding none would prove nothing", () => {
    const canaries = makeCanaries();
    const word = canaries.of(7, "mail");
    const bytes = Buffer.from(word);
    const hidden: Record<string, string | Buffer> = {
      plain: `<b>${word}</b>`,
      "upper case": word.toUpperCase(),
      "base64 at an offset": Buffer.from(`x${word}`).toString("base64"),
      "base64 at another": Buffer.from(`xy${word}`).toString("base64"),
      base64url: bytes.toString("base64url"),
      hex: bytes.toString("hex"),
      "bytes of a database": Buffer.from(bytes.toString("base64")).toString("hex"),
      "JSON escapes": [...word].map((one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`).join(""),
      "quoted-printable": [...word].map((one) => `=${one.charCodeAt(0).toString(16).toUpperCase()}`).join(""),
      "a soft line break": `${word.slice(0, 5)}=\r\n${word.slice(5)}`,
      "a folded line": `${word.slice(0, 5)}\r\n ${word.slice(5)}`,
      percent: [...word].map((one) => `%${one.charCodeAt(0).toString(16)}`).join(""),
      "UTF-16": Buffer.from(word, "utf16le"),
    };
    for (const [how, text] of Object.entries(hidden)) expect(canaries.hunt(text), how).not.toEqual([]);
    expect(canaries.hunt(makeCanaries().of(7, "mail"))).toEqual([]);
    expect(canaries.in(`a ${word} b`)).toEqual(new Set(["7/mail"]));
  });
});

describe("one role, fifty subjects", () => {
  it("all are hired from one role folder and fifty rows", async () => {
    const { items } = await fleet.admin.list<AgentBinding>(kinds.AgentBinding, { namespace: "acme" });
    expect(new Set(items.map(({ spec }) => spec.subject.name))).toEqual(new Set(everybody.map(userOf)));
    expect((await fleet.admin.list(kinds.AgentRole, { namespace: "acme" })).items).toHaveLength(1);
    expect(new Set(items.map(({ status }) => status?.accountID)).size).toBe(count);
  });

  it("each remembers something of its own", async () => {
    const runs = await timed("remember", () => askEverybody("remember"));
    for (const [index, { status }] of runs) expect(status, userOf(index)).toMatchObject({ phase: "Succeeded" });
  });

  it("all are asked for a daily snapshot, all succeed, and each artifact holds its own facts and no other's", async () => {
    const runs = await timed("snapshot", () => askEverybody("daily-snapshot"));
    for (const [index, { status }] of runs) {
      expect(status, userOf(index)).toMatchObject({
        phase: "Succeeded",
        outcome: { artifacts: [{ name: "snapshot.md" }] },
      });
      const bytes = await fleet.ledger.documents.readArtifact(status?.runID ?? "", "snapshot.md");
      const own = (["mail", "calendar", "file"] as const).map((source) => `${index}/${source}`);
      expect(fleet.canaries.in(Buffer.from(bytes ?? []).toString("utf8")), userOf(index)).toEqual(new Set(own));
    }
  });

  it("every prompt holds words of the one subject that it is about, whoever the same worker worked for before", async () => {
    expect(new Set(fleet.provider.prompts.map(({ subject }) => subject))).toEqual(new Set(everybody.map(userOf)));
    const seen = new Set<string>();
    for (const { body, subject } of fleet.provider.prompts) {
      const found = fleet.canaries.in(body);
      for (const one of found) {
        expect(userOf(Number.parseInt(one, 10))).toBe(subject);
        seen.add(one);
      }
    }
    // All of it was there to be mixed up: four canaries of each.
    expect(seen.size).toBe(4 * count);
    const claims = runtime.lines.filter(({ msg }) => msg === "run claimed");
    expect(claims).toHaveLength(2 * count);
  });

  it("no word of anybody's mail, calendar, files or memory is in resources, rows, files, logs or metrics", async () => {
    const exhibits = await timed("collect", () => everywhere(fleet, runtime));
    expect(exhibits.length).toBeGreaterThan(10 * count);
    expect(await timed("hunt", async () => leaks(fleet.canaries, exhibits))).toEqual([]);
  });
});
