import { describe, expect, it } from "vitest";
import type { AgentBinding } from "../../../api/generated/agent-binding.ts";
import type { AgentRun } from "../../../api/generated/agent-run.ts";
import type { Condition } from "../../../api/resource.ts";
import { bindingNews, runNews } from "./news.ts";
import { paint } from "./paint.ts";
import { draw, type Picture } from "./screen.ts";

const at = "2026-11-21T07:30:00Z";
const condition = (type: string, status: Condition["status"], reason = type, message = ""): Condition => ({
  type,
  status,
  reason,
  message,
  lastTransitionTime: at,
});
const apiVersion = "roster.dev/v1alpha1";

function aBinding(name: string, conditions: readonly Condition[], deleting = false): AgentBinding {
  return {
    apiVersion,
    kind: "AgentBinding",
    metadata: { name, namespace: "acme", ...(deleting ? { deletionTimestamp: at } : {}) },
    spec: { roleRef: { name: "executive-assistant" }, subject: { kind: "User", name: "ana@acme.example" } },
    status: {
      conditions,
      effective: { state: "Active", autonomyBand: "Moderate" },
      summary: { today: "0.02", runs: "1" },
    },
  };
}
function aRun(name: string, status: NonNullable<AgentRun["status"]>): AgentRun {
  return {
    apiVersion,
    kind: "AgentRun",
    metadata: { name, namespace: "acme", creationTimestamp: at },
    spec: { bindingRef: { name: "tess-ana" }, requestedBy: "ana@acme.example" },
    status,
  };
}
const picture = (over: Partial<Picture> = {}): Picture => ({
  facts: {
    version: "0.1.0",
    model: "offline model",
    rehearsal: true,
    apiUrl: "https://127.0.0.1:7443",
    gatewayUrl: "http://127.0.0.1:7480",
    kubeconfig: ".roster/kubeconfig",
  },
  bindings: [],
  triggers: [],
  runs: [],
  news: [],
  clock: "07:30:05",
  now: Date.parse("2026-11-21T07:30:05Z"),
  ...over,
});
const text = (p: Picture, size = { columns: 120, rows: 40 }) => draw(p, size, false).join("\n");

describe("the view", () => {
  it("says that it is a rehearsal, who was hired, what ran, which rung answered and what it cost", () => {
    const shown = text(
      picture({
        bindings: [aBinding("tess-ana", [condition("Ready", "True")])],
        runs: [
          aRun("tess-ana-first", {
            phase: "Succeeded",
            rung: "work",
            tier: "workhorse",
            steps: 4,
            cost: { own: "0.012" },
            startedAt: at,
            finishedAt: "2026-11-21T07:30:02Z",
          }),
        ],
      }),
    );
    expect(shown).toContain("REHEARSAL: offline model");
    expect(shown).toMatch(
      /tess-ana {2,}executive-assistant {2,}ana@acme\.example {2,}Moderate {2,}\$0\.02 {2,}1 {2,}ready/,
    );
    expect(shown).toMatch(
      /tess-ana-first {2,}Succeeded {2,}work \(workhorse\) {2,}4 {2,}\$0\.012 {2,}2 s {2,}ana@acme\.example/,
    );
    expect(shown).toContain("roster -- trace arun/tess-ana-first");
    expect(shown).toContain("kubectl delete abind tess-ana");
  });
  it("shows what waits, and for what", () => {
    const shown = text(
      picture({
        runs: [aRun("r", { phase: "Waiting", waitingFor: { type: "Approval", name: "mail.send", since: at } })],
      }),
    );
    expect(shown).toMatch(/WAITS\n.*\n {2}r {2,}Approval mail\.send {2,}2026-11-21T07:30:00Z/);
  });
  it("names the first thing that a ready binding lacks", () => {
    const shown = text(
      picture({
        bindings: [
          aBinding("b", [
            condition("Ready", "True"),
            condition("CredentialsBound", "False", "SecretNotFound", "no Secret x"),
          ]),
        ],
      }),
    );
    expect(shown).toContain("ready, but SecretNotFound: no Secret x");
  });
  it("keeps the commands in sight on a small terminal, and no line wider than it", () => {
    const runs = Array.from({ length: 40 }, (_, i) => aRun(`run-${i}`, { phase: "Succeeded" }));
    const lines = draw(picture({ runs }), { columns: 60, rows: 24 }, false);
    expect(lines.length).toBeLessThanOrEqual(24);
    expect(lines.join("\n")).toContain("kubectl delete abind");
    expect(Math.max(...lines.map((line) => [...line].length))).toBeLessThanOrEqual(60);
  });
  it("lets no control character of an object reach the terminal", () => {
    expect(paint([["a\u001b[2Jb\nc\u202e", "plain"]], 80, true)).toBe("a·[2Jb·c·");
  });
});

describe("news", () => {
  const ready = aBinding("b", [condition("Ready", "True")]);
  it("hired, once", () => {
    expect(bindingNews(aBinding("b", []), ready)?.text).toBe("hired  b: executive-assistant for ana@acme.example");
    expect(bindingNews(ready, ready)).toBeUndefined();
  });
  it("being fired, revoked, gone", () => {
    const firing = aBinding("b", [condition("Ready", "True")], true);
    const revoked = aBinding("b", [condition("Revoked", "True")], true);
    expect(bindingNews(ready, firing)?.text).toBe("firing b");
    expect(bindingNews(firing, revoked)?.text).toBe("fired  b: every token is revoked");
    expect(bindingNews(revoked, undefined)?.text).toBe("gone   b: its finalizer was released");
  });
  it("a run by phase, with who answered and what it cost", () => {
    const done = aRun("r", { phase: "Succeeded", rung: "clock", cost: { own: "0.00" } });
    expect(runNews(aRun("r", { phase: "Running" }), done)?.text).toBe("done   r, answered by clock, $0.00");
    expect(runNews(done, done)).toBeUndefined();
    expect(runNews(undefined, aRun("r", { phase: "Refused", reason: "BindingNotReady", message: "no" }))?.text).toBe(
      "refused r: BindingNotReady: no",
    );
  });
});
