import path from "node:path";
import { describe, expect, it } from "vitest";
import type { AgentRole } from "../../api/generated/agent-role.ts";
import { renderRole } from "../../gitops/render.ts";
import { compileRouter, route } from "../../policy/router.ts";

const roles = path.join(import.meta.dirname, "../../roles");
const render = async (role: string) => (await renderRole(path.join(roles, role))).objects[0] as AgentRole;

describe("the shipped roles", () => {
  it("ea_tess renders with amounts as they were written, its skills, soul and memory", async () => {
    const { metadata, spec } = await render("ea_tess");
    expect(metadata.name).toBe("executive-assistant");
    expect(spec.budget?.perBinding).toEqual({ day: "25", run: "1.50" });
    expect(spec.skills?.map((skill) => skill.name)).toEqual(["daily-snapshot", "triage-inbox"]);
    expect(spec.memorySeed?.map((document) => document.path)).toEqual(["preferences.md"]);
    expect(spec.soul).toContain("You are Tess");
    expect(spec.permissions?.writeRequiresApproval?.map((rule) => rule.action)).toEqual([
      "send_email",
      "schedule_or_move_meeting",
    ]);
  });

  const hours: Readonly<Record<string, string>> = {
    "07": "Good morning",
    "13": "Good afternoon",
    "21": "Good evening",
  };
  it.each(Object.entries(hours))(
    "office_clock answers at %s o'clock in Lisbon by a rule, without a model",
    async (hour, want) => {
      const { spec } = await render("office_clock");
      const facts = {
        binding: { subject: { kind: "Service", name: "front-desk" }, parameters: {}, timeZone: "Europe/Lisbon" },
        run: { id: "r" },
        now: Date.parse(`2026-07-01T${hour}:30:00+01:00`),
      };
      const ladder = compileRouter(spec);
      expect(route(ladder, { ...facts, task: { intent: "tick" } })).toMatchObject({
        kind: "answer",
        rung: "part-of-day",
        output: want,
      });
      expect(route(ladder, { ...facts, task: { intent: "other" } })).toMatchObject({ kind: "drop" });
    },
  );
});
