import { describe, expect, it } from "vitest";
import type { AgentRun } from "../../api/generated/agent-run.ts";
import type { Phase } from "../../api/run-life.ts";
import type { RunRecord } from "../../ledger/ledger.ts";
import { fakeClock } from "../../test/kit/fake-clock.ts";
import { stored } from "../../test/kit/objects.ts";
import { Throttle } from "./throttle.ts";
import { policyOf, toPrune, toWindow } from "./window.ts";

const window = (id: number, phase: Phase) =>
  stored<AgentRun>("AgentRun", `w${id}`, {
    spec: { bindingRef: { name: "ana" }, runID: `run-${id}` },
    status: { phase },
  });

describe("history limits", () => {
  const table = {
    "keep the newest of each sort": {
      why: "good and bad ends have their own limits",
      given: [
        window(1, "Succeeded"),
        window(2, "Failed"),
        window(3, "Succeeded"),
        window(4, "Cancelled"),
        window(5, "Succeeded"),
      ],
      keep: { keepSucceeded: 1, keepFailed: 1 },
      want: ["w1", "w3", "w2"],
    },
    "never take one that is not finished": {
      why: "deleting it would cancel its run",
      given: [window(1, "Running"), window(2, "Queued"), window(3, "Waiting")],
      keep: { keepSucceeded: 0, keepFailed: 0 },
      want: [],
    },
  };
  for (const [name, { why, given, keep, want }] of Object.entries(table)) {
    it(name, () =>
      expect(
        toPrune(given, { show: "Always", ...keep }).map(({ metadata }) => metadata.name),
        why,
      ).toEqual(want),
    );
  }
  it("have defaults, and survive what is no policy", () => {
    expect(policyOf({})).toEqual({ show: "Always", keepSucceeded: 3, keepFailed: 10 });
    expect(policyOf({ window: { show: "?", keepSucceeded: "many", keepFailed: -1 } })).toEqual({
      show: "Always",
      keepSucceeded: 3,
      keepFailed: 10,
    });
  });
});

it("a window says who, how and a digest, and goes with its binding", () => {
  const run = {
    id: "run-1",
    namespace: "acme",
    objectName: "ana-abc",
    bindingName: "ana",
    roleName: "assistant",
    requestedBy: "agenttrigger/daily",
    origin: { type: "Schedule", trigger: "daily", scheduledAt: "2026-11-02T07:30:00Z", payload: { mail: "secret" } },
    task: { intent: "snapshot", text: "secret", payload: { to: "secret" } },
  } as unknown as RunRecord;
  const made = toWindow(run, stored("AgentBinding", "ana", {}));
  expect(JSON.stringify(made)).not.toContain("secret");
  expect(made.spec).toMatchObject({
    runID: "run-1",
    task: { intent: "snapshot", sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
  });
  expect(made.metadata.ownerReferences?.[0]).toMatchObject({ kind: "AgentBinding", name: "ana", uid: "ana-uid" });
});

it("above its rate a namespace gets no more windows, and some again later", async () => {
  const clock = fakeClock(0);
  const throttle = new Throttle(clock, { perSecond: 5, burst: 2 });
  expect([throttle.take("a"), throttle.take("a"), throttle.take("a"), throttle.take("b")]).toEqual([
    true,
    true,
    false,
    true,
  ]);
  await clock.advance(200);
  expect([throttle.take("a"), throttle.take("a")]).toEqual([true, false]);
});
