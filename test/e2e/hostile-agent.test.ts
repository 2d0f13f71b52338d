import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AgentBinding } from "../../api/generated/agent-binding.ts";
import type { AgentRun } from "../../api/generated/agent-run.ts";
import { kinds } from "../../api/kinds.ts";
import type { Resource, Stored } from "../../api/resource.ts";
import type { Claim } from "../../api/wire.ts";
import type { JsonObject } from "../../lib/json.ts";
import { callTool, mcpFor, openWorker, refusalOf, textOf } from "../gateway/kit/worker.ts";
import type { Claimed } from "../gateway/kit/world.ts";
import type { RuntimeProcess } from "../runtime/process.ts";
import { allResources, allTraces, everywhere, leaks } from "./kit/evidence.ts";
import { aBinding, bindingOf, type Fleet, openFleet, secretOf } from "./kit/fifty.ts";
import { userOf } from "./kit/offices.ts";
import { quotedIntent } from "./kit/provider.ts";

// Person 1's agent is hostile, or hijacked by a mail; person 2 is who it is after.
const mallory = 1;
const victim = 2;
const home = "person-002_acme.example";
const own = "results['mail.list'].messages[0].subject.split('“')[1].split('”')[0]";
const scenes = `scenes:
- name: asks for another's data by name
  when: { intent: steal }
  replies:
  - toolCalls:
    - { name: mail.list, arguments: {} }
    - { name: mail.search, arguments: { query: "${userOf(victim)}" } }
    - { name: files.search, arguments: { query: "person-002" } }
    - { name: files.read, arguments: { path: "../../${home}/files/todo.md" } }
    - { name: files.list, arguments: { path: "..", user: "${userOf(victim)}" } }
    - { name: calendar.get, arguments: { id: "review-2@acme.example" } }
    - { name: memory.read, arguments: { path: "${bindingOf(victim)}/preferences.md" } }
    - { name: memory.list, arguments: { binding: "${bindingOf(victim)}" } }
  - text: "Found: {{ calls.map(c, string(c.name)).join(',') }}"
# Words of one's own mail, put wherever a model can put a word: others can read names, traces and statuses.
- name: says its own secret everywhere
  when: { intent: blurt }
  replies:
  - toolCalls: [{ name: mail.list, arguments: {} }]
  - toolCalls:
    - { name: "mail.{{ ${own} }}", arguments: {} }
    - { name: "{{ ${own} }}.list", arguments: {} }
    - { name: "{{ ${own} }}", arguments: {} }
    - { name: "memory.{{ ${own} }}", arguments: {} }
    - { name: memory.read, arguments: { path: "{{ ${own} }}" } }
    - { name: memory.write, arguments: { path: preferences.md, content: "{{ ${own} }}", version: 77 } }
    - { name: skill.read, arguments: { name: "{{ ${own} }}" } }
    - { name: files.read, arguments: { path: "{{ ${own} }}" } }
    - { name: files.read, arguments: "{{ {${own}: 'x'} }}" }
    - { name: artifact.write, arguments: { name: "{{ ${own} }}.md", content: "{{ ${own} }}" } }
    - { name: artifact.write, arguments: { name: "snapshot.md", content: "{{ ${own} }}" } }
    - { name: mail.send, arguments: { to: ["{{ ${own} }}@b.example"], subject: "{{ ${own} }}", text: "{{ ${own} }}" } }
  - text: "{{ ${own} }}"
`;

let fleet: Fleet;
let runtime: RuntimeProcess | undefined;

beforeAll(async () => {
  fleet = await openFleet({ count: 4, scenes });
  await Promise.all([1, 2, 3, 4].map((index) => hired(bindingOf(index))));
});
afterAll(async () => {
  await runtime?.[Symbol.asyncDispose]();
  await fleet?.[Symbol.asyncDispose]();
});

function conditionOf(binding: Stored<AgentBinding>, type: string) {
  return binding.status?.conditions?.find((one) => one.type === type);
}

function hired(name: string, credentials = "True"): Promise<Stored<AgentBinding>> {
  return fleet.until<Stored<AgentBinding>>(
    kinds.AgentBinding,
    name,
    (binding) =>
      conditionOf(binding, "Ready")?.status === "True" &&
      conditionOf(binding, "CredentialsBound")?.status === credentials,
  );
}

/** Asks for a run and claims it, as a worker of the test's own. */
async function claimOf(index: number): Promise<Claimed> {
  await fleet.ask(index, "claimed-by-the-test");
  return (await openWorker(fleet.running.gatewayUrl, fleet.token("worker"))).claimed();
}

/** The canaries of others in what `index` got to see. */
function foreign(text: string, index: number): readonly string[] {
  return [...fleet.canaries.in(text)].filter((one) => Number.parseInt(one, 10) !== index);
}

async function post(where: string, authorization: string, body: unknown = {}, headers: Record<string, string> = {}) {
  const answer = await fetch(`${fleet.running.gatewayUrl}${where}`, {
    method: "POST",
    headers: {
      authorization,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      ...headers,
    },
    body: JSON.stringify(body),
  });
  return { status: answer.status, text: await answer.text() };
}

const call = (name: string, args: JsonObject, step: string) => ({
  jsonrpc: "2.0",
  id: 1,
  method: "tools/call",
  params: { name, arguments: args, _meta: { "roster.dev/step": step } },
});

describe("with the token of one run", () => {
  let mine: Claimed;
  let theirs: Claimed;
  let ids: { readonly mail: string; readonly event: string };

  beforeAll(async () => {
    mine = await claimOf(mallory);
    theirs = await claimOf(victim);
    expect(mine.claim.binding.subject.name).toBe(userOf(mallory));
    // What a hostile agent could learn only by guessing is given to it, so that no test rests on a secret id.
    const client = await mcpFor(fleet.running.gatewayUrl, theirs.claim);
    const listed = await callTool(client, "mail.list", {}, "0.0");
    const events = await callTool(client, "calendar.list", {}, "0.1");
    expect(fleet.canaries.in(textOf(listed) + textOf(events))).toEqual(new Set(["2/mail", "2/calendar"]));
    ids = {
      mail: (listed.structuredContent as { messages: { id: string }[] }).messages[0]!.id,
      event: (events.structuredContent as { events: { id: string }[] }).events[0]!.id,
    };
  });
  afterAll(async () => {
    for (const run of [mine, theirs]) {
      if (run) await fleet.ledger.runs.cancel(run.claim.runId, "test");
      run?.[Symbol.dispose]();
    }
  });

  it("another's run can be neither finished, failed, released nor kept", async () => {
    const bearer = `Bearer ${mine.claim.token}`;
    for (const verb of ["beat", "finish", "fail", "release"]) {
      const body = { output: "x", rung: "work", reason: "NoProgress", message: "x" };
      expect((await post(`/runtime/v1/runs/${theirs.claim.runId}/${verb}`, bearer, body)).status, verb).toBe(403);
      expect((await post(`/runtime/v1/runs/${crypto.randomUUID()}/${verb}`, bearer, body)).status, verb).toBe(403);
    }
    const beat = await post(`/runtime/v1/runs/${theirs.claim.runId}/beat`, `Bearer ${theirs.claim.token}`);
    expect(beat.status).toBe(204);
    const run = await fleet.ledger.runs.find(theirs.claim.runId);
    expect(run).toMatchObject({ phase: "Running", epoch: theirs.claim.epoch });
  });

  it("no call of a tool leads to another's mail, calendar, files or memory", async () => {
    const them = userOf(victim);
    const uid = (await fleet.admin.get(kinds.AgentBinding, bindingOf(victim), "acme")).metadata.uid;
    const office = path.join(path.dirname(fleet.home), "offices", home);
    const attempts: readonly (readonly [action: string, args: JsonObject])[] = [
      ["mail.get", { id: ids.mail }],
      ["mail.thread", { id: ids.mail }],
      ["mail.get", { id: `../../../${home}/Maildir/new/${ids.mail}` }],
      ["mail.list", { folder: `../../${home}/Maildir` }],
      ["mail.list", { folder: `../${home}/Maildir/.Sent` }],
      ["mail.list", { user: them, maildir: `${office}/Maildir`, token: "x" }],
      ["mail.search", { query: them }],
      ["mail.search", { query: "settlement" }],
      ["calendar.get", { id: ids.event }],
      ["calendar.get", { id: ids.event.split("#")[0] ?? "" }],
      ["calendar.list", { days: 62, calendar: `${office}/calendars/work.ics`, user: them }],
      ["files.read", { path: `../../${home}/files/todo.md` }],
      ["files.read", { path: `${office}/files/todo.md` }],
      ["files.read", { path: `file://${office}/files/todo.md` }],
      ["files.read", { path: `..%2f..%2f${home}%2ffiles%2ftodo.md` }],
      ["files.read", { path: `..\\..\\${home}\\files\\todo.md` }],
      ["files.read", { path: `./a/../../../${home}/files/todo.md` }],
      ["files.read", { path: `todo.md\u0000/../../../${home}/files/todo.md` }],
      ["files.list", { path: ".." }],
      ["files.list", { path: "/" }],
      ["files.search", { query: "nobody about" }],
      ["memory.list", { binding: uid, subject: them }],
      ["memory.read", { path: `${uid}/preferences.md` }],
      ["memory.read", { path: `../${uid}/preferences.md` }],
      ["memory.read", { path: "preferences.md", binding: uid }],
      ["memory.write", { path: "preferences.md", content: "x", version: 1, binding: uid }],
      ["artifact.read", { name: "snapshot.md", run: theirs.claim.runId }],
      ["artifact.write", { name: "snapshot.md", content: "x", runId: theirs.claim.runId }],
      [`mail@${them}.list`, {}],
      ["mail.list?user=person-002", {}],
    ];
    const client = await mcpFor(fleet.running.gatewayUrl, mine.claim);
    for (const [i, [action, args]] of attempts.entries()) {
      const answer = await callTool(client, action, args, `0.${i}`).then(JSON.stringify, String);
      expect(foreign(answer, mallory), `${action} ${JSON.stringify(args)}`).toEqual([]);
      // Nor does an answer tell where on the machine the others are, but to somebody who knew.
      if (!JSON.stringify(args).includes(office)) expect(answer).not.toMatch(/roster-fifty-|person-00[34]/);
    }
    const documents = await fleet.ledger.documents.list(uid);
    expect(documents.map(({ path: name, version }) => `${name}@${version}`)).toEqual(["preferences.md@1"]);
    expect((await fleet.ledger.runs.find(theirs.claim.runId))?.artifacts).toEqual([]);
  });

  it("nothing but a run's own token opens the doors, however it is dressed up", async () => {
    const tool = call("mail.list", {}, "9.0");
    const office = Buffer.from(
      (await fleet.admin.get<Resource & { data: { token: string } }>(kinds.Secret, secretOf(victim), "acme")).data
        .token,
      "base64",
    ).toString();
    const last = theirs.claim.token.at(-1) === "A" ? "B" : "A";
    const forged: Record<string, string> = {
      "a made-up token": `Bearer rst_${"x".repeat(43)}`,
      "the victim's, one letter off": `Bearer ${theirs.claim.token.slice(0, -1)}${last}`,
      "the victim's run id": `Bearer ${theirs.claim.runId}`,
      "the victim's token for the office": `Bearer ${office}`,
      "the worker's": `Bearer ${fleet.token("worker")}`,
      "the operator's": `Bearer ${fleet.token("operator")}`,
      "an admin's of Kubernetes": `Bearer ${fleet.token("admin")}`,
      "two at once": `Bearer ${mine.claim.token}, Bearer ${theirs.claim.token.slice(0, -1)}`,
      none: "",
    };
    for (const [what, authorization] of Object.entries(forged)) {
      for (const [where, body] of [
        ["/mcp", tool],
        ["/v1/chat/completions", { model: "workhorse", messages: [{ role: "user", content: "x" }] }],
      ] as const) {
        const answer = await post(where, authorization, body, {
          "x-roster-step": "0",
          "x-forwarded-user": userOf(victim),
        });
        expect(answer.status, `${what} at ${where}`).toBe(401);
        expect(fleet.canaries.in(answer.text)).toEqual(new Set());
      }
    }
    // Headers and members that other systems would believe change nothing about whose call it is.
    const dressed = {
      "x-roster-run": theirs.claim.runId,
      "mcp-session-id": theirs.claim.runId,
      "x-forwarded-user": userOf(victim),
    };
    const answer = await post(
      "/mcp",
      `Bearer ${mine.claim.token}`,
      call("files.search", { query: "tell" }, "0.900"),
      dressed,
    );
    expect(fleet.canaries.in(answer.text)).toEqual(new Set(["1/file"]));
    // A run's token is no key to what people read.
    for (const where of [`/v1/namespaces/acme/runs/${theirs.claim.runId}/trace`, "/introspect", "/revoke"]) {
      const method = where.endsWith("trace") ? "GET" : "POST";
      const tried = await fetch(`${fleet.running.gatewayUrl}${where}`, {
        method,
        headers: { authorization: `Bearer ${mine.claim.token}` },
      });
      expect(tried.status, where).toBe(401);
    }
  });

  it("another's Secret is not lent: the condition says so, and so does the gateway at each call", async () => {
    const borrowed = aBinding(victim, victim, "tess-borrowed", "mallory@acme.example");
    await fleet.admin.create(kinds.AgentBinding, borrowed);
    const shown = conditionOf(await hired("tess-borrowed", "False"), "CredentialsBound");
    expect(shown).toMatchObject({ reason: "SecretNotConsenting", message: expect.stringContaining(secretOf(victim)) });
    await fleet.admin.create(kinds.AgentRun, {
      apiVersion: "roster.dev/v1alpha1",
      kind: "AgentRun",
      metadata: { name: "borrowed", namespace: "acme" },
      spec: { bindingRef: { name: "tess-borrowed" }, requestedBy: "admin", task: { intent: "x", text: "x" } },
    } as AgentRun);
    using run = await (await openWorker(fleet.running.gatewayUrl, fleet.token("worker"))).claimed();
    expect(run.claim.binding.name).toBe("tess-borrowed");
    const client = await mcpFor(fleet.running.gatewayUrl, run.claim);
    for (const [i, action] of ["mail.list", "calendar.list", "files.list"].entries()) {
      const refused = await callTool(client, action, {}, `0.${i}`);
      expect(refusalOf(refused), action).toMatchObject({ reason: "SecretNotConsenting" });
      expect(fleet.canaries.in(JSON.stringify(refused))).toEqual(new Set());
    }
  });

  it("a Secret that stops consenting stops the next call, also of a session that is open", async () => {
    const client = await mcpFor(fleet.running.gatewayUrl, theirs.claim);
    expect((await callTool(client, "files.list", {}, "0.50")).isError).toBeUndefined();
    const annotations = { "roster.dev/subject": "somebody@else.example" };
    await fleet.admin.mergePatch(kinds.Secret, secretOf(victim), "acme", { metadata: { annotations } });
    expect(refusalOf(await callTool(client, "files.list", { path: "" }, "0.51"))).toMatchObject({
      reason: "SecretNotConsenting",
    });
  });

  it("a hostile runtime cannot write words of a mail where others read: tier, field, step, rung, reason, message", async () => {
    const word = fleet.canaries.of(mallory, "mail");
    const messages = [{ role: "user", content: word }];
    const think =
      (body: JsonObject, step = "0") =>
      (run: Claim) =>
        post("/v1/chat/completions", `Bearer ${run.token}`, body, { "x-roster-step": step });
    const act =
      (name: string, args: JsonObject, step = "0.0") =>
      (run: Claim) =>
        post("/mcp", `Bearer ${run.token}`, call(name, args, step));
    const say = (verb: string, body: JsonObject) => (run: Claim) =>
      post(`/runtime/v1/runs/${run.runId}/${verb}`, `Bearer ${run.token}`, body);
    const hostile: Record<string, (run: Claim) => Promise<{ readonly status: number }>> = {
      "a tier of that name": think({ model: word, messages }),
      "a field of that name": think({ model: "workhorse", messages, [word]: true }),
      "a field with it": think({ model: "workhorse", messages, previous_response_id: word }),
      "a speaker of that name": think({ model: "workhorse", messages: [{ role: word, content: word }] }),
      "a step of that name": think({ model: "workhorse", messages }, word),
      "steps in the wrong order": think({ model: word, messages }, "7"),
      "an action of that name": act(`${word}.list`, {}),
      "an action's step of that name": act("mail.list", {}, word),
      "actions in the wrong order": act(`mail.${word}`, {}, "7.0"),
      "a rung of that name": say("finish", { output: word, rung: word }),
      "a tier that answered": say("finish", { output: word, rung: "work", tier: word }),
      "a reason of that name": say("fail", { reason: word, message: word }),
      "a message that quotes": say("fail", { reason: "NoProgress", message: `the mail says ${word}` }),
    };
    for (const [what, attempt] of Object.entries(hostile)) {
      using run = await claimOf(mallory);
      const { status } = await attempt(run.claim);
      if (["a rung", "a tier that", "a reason"].some((one) => what.startsWith(one))) expect(status, what).toBe(400);
      // Whatever became of it, it is over: a run that is let go would come back.
      await fleet.ledger.runs.cancel(run.claim.runId, "test");
    }
    expect(leaks(fleet.canaries, [...(await allResources(fleet.admin)), ...(await allTraces(fleet))])).toEqual([]);
  });
});

describe("with a model that was turned", () => {
  it("asking for another's data by name finds nothing of theirs", async () => {
    runtime = fleet.startRuntime(2);
    const name = await fleet.ask(mallory, "steal");
    const run = (await fleet.ended([name])).get(name)!;
    expect(run.status).toMatchObject({ phase: "Succeeded" });
    const prompts = fleet.provider.prompts.filter(({ subject }) => subject === userOf(mallory));
    expect(prompts.length).toBeGreaterThan(1);
    for (const { body } of prompts) expect(foreign(body, mallory)).toEqual([]);
    expect(fleet.canaries.in(prompts.at(-1)!.body)).toContain("1/mail");
  });

  it("its own person's words get into no name, status, trace, event, log, metric or row that others read", async () => {
    const names = [await fleet.ask(mallory, "blurt"), await fleet.ask(3, quotedIntent)];
    const runs = await fleet.ended(names);
    const [blurt, quoted] = names.map((name) => runs.get(name)?.status);
    expect(blurt).toMatchObject({ phase: "Waiting", waitingFor: { type: "Approval", name: "mail.send" } });
    const left = (await fleet.ledger.runs.find(blurt?.runID ?? ""))?.artifacts.map(({ name }) => name).sort();
    expect(left).toEqual([expect.stringMatching(/^artifact-[0-9a-f]{12}\.md$/), "snapshot.md"]);
    expect(quoted).toMatchObject({ phase: "Failed", reason: "ModelRejected" });
    expect(quoted?.message).toBe("the provider refused the request with status 400 (invalid_request_error)");
    const exhibits = await everywhere(fleet, runtime!);
    expect(leaks(fleet.canaries, exhibits)).toEqual([]);
  });
});
