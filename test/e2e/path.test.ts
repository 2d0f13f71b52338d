import { statSync, writeFileSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AgentBinding } from "../../api/generated/agent-binding.ts";
import type { AgentRun } from "../../api/generated/agent-run.ts";
import { kinds } from "../../api/kinds.ts";
import type { Trace } from "../../api/wire.ts";
import type { KubeClient } from "../../kube/client.ts";
import { findKubectl, type Outcome, Place, run, type Up, until } from "./fleet.ts";

let place: Place;
let up: Up;
let admin: KubeClient;
let ana: KubeClient;
const kubectl = await findKubectl();
if ("absent" in kubectl) console.warn(`e2e: ${kubectl.absent}; the same is asked through our own client instead`);

beforeAll(async () => {
  place = new Place();
  up = await place.up().ready();
  admin = await up.as("admin");
  ana = await up.as("ana");
});
afterAll(async () => {
  await admin?.[Symbol.asyncDispose]();
  await ana?.[Symbol.asyncDispose]();
  await up?.[Symbol.asyncDispose]();
  await place?.[Symbol.asyncDispose]();
});

/** Runs the real kubectl; undefined where there is none. */
async function k(args: string, input?: string): Promise<Outcome | undefined> {
  return "absent" in kubectl ? undefined : run(kubectl.path, args.split(" "), place.env, input);
}
const ok = (outcome: Outcome | undefined) => {
  if (outcome) expect(outcome.code, outcome.stderr).toBe(0);
  return outcome?.stdout;
};
const runOf = (name: string, fits: (run: AgentRun) => boolean) =>
  until(async () => {
    const found = await admin.find<AgentRun>(kinds.AgentRun, name, "acme");
    return found && fits(found) ? found : undefined;
  });
const bindingOf = (name: string) => admin.find<AgentBinding>(kinds.AgentBinding, name, "acme");
const aRun = (name: string, spec: Record<string, unknown> = {}) => ({
  apiVersion: "roster.dev/v1alpha1",
  kind: "AgentRun",
  metadata: { name, namespace: "acme" },
  spec: {
    bindingRef: { name: "tess-ana" },
    requestedBy: "ana@acme.example",
    task: { intent: "daily-snapshot", text: "Prepare my snapshot" },
    ...spec,
  },
});

describe("the first start", () => {
  it("says in plain lines what it does, that the model is a rehearsal, and who was hired", async () => {
    await up.line(/rehearsal: the offline model plays its script/);
    await up.line(/hired {2}tess-ana: executive-assistant for ana@acme\.example$/);
    await up.line(/hired {2}tess-ben: executive-assistant for ben@acme\.example$/);
  });

  it("runs one governed run as ana's own request, and shows which rung answered and what it cost", async () => {
    const line = await up.line(/done {3}tess-ana-first/);
    expect(line).toMatch(/answered by work \(workhorse\), \$0\.0\d+$/);
    const first = await runOf("tess-ana-first", (one) => one.status?.phase === "Succeeded");
    expect(first.spec.requestedBy).toBe("ana@acme.example");
    expect(first.status?.outcome?.artifacts?.map((one) => one.name)).toContain("snapshot.md");
    expect(Number(first.status?.cost?.own)).toBeGreaterThan(0);
    // Other people can read a namespace: nothing of ana's mail may be in what they see.
    expect(JSON.stringify(first.status)).not.toMatch(/subject|Maildir/i);
  });

  it("keeps its state for its owner alone, with three people in the kubeconfig", async () => {
    for (const name of ["kubeconfig", "identities.json", "ledger.key"]) {
      expect(statSync(path.join(place.home, name)).mode & 0o777, name).toBe(0o600);
    }
    const outcome = ok(await k("config get-contexts -o name"));
    if (outcome) expect(outcome.trim().split("\n").sort()).toEqual(["admin", "ana", "approver"]);
    const who = ok(await k("--context ana auth whoami -o json"));
    if (who) expect(JSON.parse(who).status.userInfo.username).toBe("ana@acme.example");
  });
});

describe("an unmodified kubectl", () => {
  it("gets, describes and explains", async () => {
    const roster = ok(await k("get roster"));
    if (!roster) return expect((await admin.list(kinds.AgentBinding, { namespace: "acme" })).items).toHaveLength(3);
    for (const name of [
      "agentrole.roster.dev/executive-assistant",
      "agentbinding.roster.dev/tess-ana",
      "agenttrigger.roster.dev/daily-snapshot",
      "modeltier.roster.dev/cheap",
    ]) {
      expect(roster).toContain(name);
    }
    expect(ok(await k("get abind -o wide"))).toMatch(/tess-ana +True +executive-assistant +ana@acme\.example +Active/);
    expect(ok(await k("describe abind tess-ana"))).toMatch(/Type: +CredentialsBound[\s\S]*Events:[\s\S]*hired/);
    expect(ok(await k("explain agentbinding.spec"))).toMatch(/KIND: +AgentBinding[\s\S]*roleRef/);
  });

  it("applies, patches and reads what it applied", async () => {
    const budget = {
      apiVersion: "roster.dev/v1alpha1",
      kind: "AgentBudget",
      metadata: { name: "extra", namespace: "acme" },
      spec: { select: { team: "sales" }, timeZone: "UTC", limits: [{ window: "Day", amount: "40.00" }] },
    };
    if ("absent" in kubectl) await admin.create(kinds.AgentBudget, budget);
    else {
      ok(await k("apply -f -", JSON.stringify(budget)));
      expect(ok(await k("apply -f -", JSON.stringify(budget)))).toContain("unchanged");
      ok(await k("wait --for=condition=Ready abudget/extra --timeout=20s".replace("abudget", "agentbudget")));
    }
    await until(async () => ((await admin.get(kinds.AgentBudget, "extra", "acme")) as { status?: object }).status);
  });

  it("creates a run as ana, waits for it, and the trace shows its steps, tokens, cost and digests", async () => {
    const asked = aRun("asked-by-ana");
    if ("absent" in kubectl) await ana.create(kinds.AgentRun, asked);
    else {
      ok(await k("--context ana create -f -", JSON.stringify(asked)));
      ok(
        await k(
          "--context ana wait --for=condition=Succeeded arun/asked-by-ana --timeout=30s".replace("arun", "agentrun"),
        ),
      );
    }
    await runOf("asked-by-ana", (one) => one.status?.phase === "Succeeded");
    const shown = await place.roster(["trace", "arun/asked-by-ana"]);
    expect(shown.stderr).toBe("");
    expect(shown.stdout).toMatch(/^Run: +acme\/asked-by-ana$/m);
    expect(shown.stdout).toMatch(/^0\.\d +tool|^1\.\d +tool +mail\.list +happened +allow/m);
    const json = JSON.parse((await place.roster(["trace", "arun/asked-by-ana", "-o", "json"])).stdout) as Trace;
    expect(json.steps.filter((step) => step.kind === "model").length).toBeGreaterThan(1);
    for (const step of json.steps) expect(step.requestSha256).toMatch(/^[0-9a-f]{64}$/);
    expect(json.run.cost).toMatch(/^0\.\d+$/);
  });

  it("does not let one person ask in another's name, or set what only the controller sets", async () => {
    const forged: Record<string, Record<string, unknown>> = {
      requestedBy: aRun("forged-1", { requestedBy: "ben@acme.example" }),
      "tess-ben": aRun("forged-2", { bindingRef: { name: "tess-ben" } }),
      runID: aRun("forged-3", { runID: "01a1fc59-942e-71d3-9c0b-5b1c49703783" }),
      origin: aRun("forged-4", { origin: { type: "Schedule" } }),
    };
    for (const [word, object] of Object.entries(forged)) {
      await expect(ana.create(kinds.AgentRun, object as never), word).rejects.toMatchObject({
        reason: expect.stringMatching(/Forbidden|InvalidRequest/),
        message: expect.stringContaining(word),
      });
    }
    const refused = await k(
      "--context approver create -f -",
      JSON.stringify(aRun("forged-5", { requestedBy: "approver@acme.example" })),
    );
    if (refused) expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("orbidden") });
  });

  it("shows nobody the trace of a run that they may not read", async () => {
    const unknown = await place.roster(["trace", "arun/nothing"]);
    expect(unknown).toMatchObject({ code: 3, stdout: "", stderr: expect.stringContaining("nothing") });
  });
});

describe("the watched folder", () => {
  const edit = async (name: string, change: (text: string) => string) => {
    const file = path.join(place.manifests, name);
    await writeFile(file, change(await readFile(file, "utf8")));
  };

  it("an unknown field changes nothing and is named with its line; so is broken YAML", async () => {
    await edit("tess-ben.yaml", (text) => text.replace("parameters:", "paramters:"));
    await up.line(/wrong .*tess-ben\.yaml:\d+:\d+: unknown field "paramters" in spec \(did you mean "parameters"\?\)$/);
    await edit("tess-ben.yaml", (text) => text.replace("paramters:", "parameters: ["));
    await up.line(/wrong .*tess-ben\.yaml:\d+:\d+: /);
    expect((await bindingOf("tess-ben"))?.spec.parameters).toEqual({ style: "detailed" });
    await edit("tess-ben.yaml", (text) => text.replace("parameters: [", "parameters:"));
    await up.line(/valid .*tess-ben\.yaml$/);
  });

  it("an edit of a role's soul makes a new revision", async () => {
    const before = (await bindingOf("tess-ben"))?.status?.roleRevision;
    const file = path.join(place.roles, "ea_tess", "SOUL.md");
    await writeFile(file, `${await readFile(file, "utf8")}\nBe brief.\n`);
    await until(async () => ((await bindingOf("tess-ben"))?.status?.roleRevision === before ? undefined : true));
  });

  it("a deleted manifest fires the agent: its conditions are seen, then it is gone", async () => {
    await rm(path.join(place.manifests, "tess-ben.yaml"));
    await up.line(/remove AgentBinding acme\/tess-ben/);
    await up.line(/fired {2}tess-ben: every token is revoked$/);
    await up.line(/gone {3}tess-ben/);
    expect(await bindingOf("tess-ben")).toBeUndefined();
  });
});

describe("kubectl delete", () => {
  it("fires the agent at once, and the folder does not bring it back", async () => {
    if ("absent" in kubectl) await admin.delete(kinds.AgentBinding, "tess-ana", "acme");
    else ok(await k("delete abind tess-ana --timeout=20s"));
    await up.line(/fired {2}tess-ana: every token is revoked$/);
    await until(async () => ((await bindingOf("tess-ana")) ? undefined : true));
    writeFileSync(
      path.join(place.manifests, "note.yaml"),
      "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: note, namespace: acme }\n",
    );
    await up.line(/apply {2}ConfigMap acme\/note/);
    expect(await bindingOf("tess-ana")).toBeUndefined();
  });
});
