import { expect, it } from "vitest";
import type { Trace } from "../api/wire.ts";
import { formatTrace } from "./trace-text.ts";

const digest = (char: string) => char.repeat(64);
const trace: Trace = {
  run: {
    id: "0190",
    name: "tess-ana-first",
    namespace: "acme",
    binding: "tess-ana",
    role: "executive-assistant",
    roleRevision: digest("a"),
    phase: "Succeeded",
    reason: "Succeeded",
    message: "",
    rung: "work",
    tier: "workhorse",
    traceId: digest("b").slice(0, 32),
    createdAt: "2026-11-21T07:30:00Z",
    startedAt: "2026-11-21T07:30:01Z",
    finishedAt: "2026-11-21T07:30:03.500Z",
    tokens: { input: 1200, output: 340 },
    cost: "0.00256",
  },
  steps: [
    {
      step: "0",
      kind: "model",
      name: "workhorse",
      state: "happened",
      verdict: "allow",
      epoch: 1,
      requestSha256: digest("c"),
      responseSha256: digest("d"),
      tokens: { input: 1200, output: 340 },
      hold: "0.02",
      cost: "0.00256",
      startedAt: "2026-11-21T07:30:01Z",
      durationMs: 41,
    },
    {
      step: "0.0",
      kind: "tool",
      name: "mail.send",
      state: "refused",
      verdict: "deny",
      rule: "never (roles/x/role.yaml:7)",
      epoch: 1,
      requestSha256: digest("e"),
      startedAt: "2026-11-21T07:30:02Z",
      error: "PolicyDenied",
    },
  ],
  artifacts: [{ name: "snapshot.md", sha256: digest("f"), bytes: 812 }],
};

it("a trace reads as what became of the run, then its steps, what it left and what went wrong", () => {
  expect(`\n${formatTrace(trace)}`).toBe(`
Run:         acme/tess-ana-first
Binding:     tess-ana (role executive-assistant, revision aaaaaaaaaaaa)
Phase:       Succeeded
Answered by: work (tier workhorse)
Time:        2026-11-21T07:30:01Z, took 2.5 s
Tokens:      1200 in, 340 out
Cost:        $0.00256
Trace:       bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb

STEP  KIND   NAME       STATE     VERDICT  RULE                           IN  OUT     COST  MS  REQUEST       RESPONSE
   0  model  workhorse  happened  allow    -                            1200  340  0.00256  41  cccccccccccc  dddddddddddd
 0.0  tool   mail.send  refused   deny     never (roles/x/role.yaml:7)     -    -        -   -  eeeeeeeeeeee  -

ARTIFACT     BYTES  SHA256
snapshot.md    812  ffffffffffff

Errors:
  0.0: PolicyDenied
`);
});

it("a run that took no step says so", () => {
  expect(formatTrace({ ...trace, steps: [], artifacts: [] })).toContain("No steps were taken.\n");
});
