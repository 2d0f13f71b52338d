import { describe, expect, it } from "vitest";
import type { AgentBinding } from "../../api/generated/agent-binding.ts";
import type { AgentTrigger, AgentTriggerSpec } from "../../api/generated/agent-trigger.ts";
import { stored } from "../../test/kit/objects.ts";
import { decide, type Snapshot } from "./decide.ts";
import { toRequest } from "./request.ts";

const now = Date.parse("2026-11-02T07:00:00Z");
const spec: AgentTriggerSpec = {
  type: "Schedule",
  target: { roleRef: { name: "assistant" } },
  task: {
    intent: "snapshot",
    text: "For {{ binding.subject.name }} in {{binding.parameters.style}} at {{ scheduledAt }}: {{ binding.secret }}",
  },
  schedule: { cron: "30 7 * * 1-5", timeZoneFrom: "Binding" },
};
const trigger = (more: Partial<AgentTriggerSpec> = {}) =>
  stored<AgentTrigger>("AgentTrigger", "daily", { spec: { ...spec, ...more } });
const given = (more: Partial<AgentTriggerSpec> = {}, targets: Partial<Snapshot["targets"]> = {}): Snapshot => ({
  trigger: trigger(more),
  targets: { exists: true, ready: 2, timeZones: ["America/New_York", "Europe/Lisbon"], ...targets },
  summary: { fired: 0, ruleAnswered: 0, refused: 0 },
});
const show = (snapshot: Snapshot) => {
  const plan = decide(snapshot, now);
  return {
    conditions: Object.fromEntries(plan.conditions.map(({ type, status, reason }) => [type, `${status}/${reason}`])),
    nextFire: plan.status.nextFire,
  };
};

describe("a trigger", () => {
  const table: Record<string, { why: string; given: Snapshot; want: Partial<ReturnType<typeof show>> }> = {
    "shows the earliest next fire of all zones": {
      why: "the first question of its reader",
      given: given(),
      want: { nextFire: "2026-11-02T07:30:00Z", conditions: { Ready: "True/Ready", TargetsFound: "True/Resolved" } },
    },
    "fires nothing while suspended": {
      why: "Ready means understood",
      given: given({ state: "Suspended" }),
      want: { nextFire: undefined, conditions: { Ready: "True/Suspended", TargetsFound: "True/Resolved" } },
    },
    "is armed for agents to come": {
      why: "roles are applied before people are hired",
      given: given({}, { ready: 0, timeZones: [] }),
      want: { nextFire: undefined, conditions: { Ready: "True/Ready", TargetsFound: "False/NoTargets" } },
    },
    "says that its role is missing": {
      why: "a misspelt name must be seen",
      given: given({}, { exists: false, ready: 0, timeZones: [] }),
      want: { conditions: { Ready: "True/Ready", TargetsFound: "False/RoleNotFound" } },
    },
    "says that its line is wrong before anybody is hired": {
      why: "not at half past seven",
      given: given({ schedule: { cron: "61 * * * *" } }, { ready: 0, timeZones: [] }),
      want: { conditions: { Ready: "False/InvalidSchedule", TargetsFound: "False/NoTargets" } },
    },
    "says that a line never fires": {
      why: "31 February",
      given: given({ schedule: { cron: "0 0 31 2 *" } }),
      want: { conditions: { Ready: "False/InvalidSchedule", TargetsFound: "True/Resolved" } },
    },
    "says that webhooks come later": {
      why: "nothing that looks armed may be deaf",
      given: given({ type: "Webhook" }),
      want: { conditions: { Ready: "False/NotYetSupported", TargetsFound: "True/Resolved" } },
    },
  };
  for (const [name, { why, given: snapshot, want }] of Object.entries(table)) {
    it(name, () => expect(show(snapshot), why).toMatchObject(want));
  }
});

describe("what a schedule asks for", () => {
  const binding = stored<AgentBinding>("AgentBinding", "ana", {
    spec: {
      roleRef: { name: "assistant" },
      subject: { kind: "User", name: "ana@acme.example" },
      parameters: { style: "brief" },
    },
  });
  const request = toRequest(trigger(), binding, Date.parse("2026-11-02T07:30:00Z"), "t");
  it("is named by trigger, agent and instant, so that it is taken once", () => {
    expect(request.key).toBe("schedule:daily-uid:ana-uid:2026-11-02T07:30:00Z");
  });
  it("fills what it knows and leaves what it does not know as it is written", () => {
    expect(request.task.text).toBe("For ana@acme.example in brief at 2026-11-02T07:30:00Z: {{ binding.secret }}");
  });
  it("forbids two at a time unless told otherwise", () => {
    expect(request.concurrency).toBe("Forbid");
    expect(request.window).toEqual({ show: "Always", keepSucceeded: 3, keepFailed: 10 });
  });
});
