import { readFile } from "node:fs/promises";
import path from "node:path";
import { expect, it } from "vitest";
import { stringify } from "yaml";
import type { AgentRole } from "../../api/generated/agent-role.ts";
import { renderRole, sourceMapAnnotation } from "../../gitops/render.ts";
import { parseUsd } from "../../lib/money.ts";

const root = path.join(import.meta.dirname, "..", "..");
const folder = path.join(root, "roles", "ea_tess");

// The short form that people know. The shipped role is this and nothing else, so that it renders and runs as it stands.
const shortForm = {
  role: "executive_assistant",
  autonomy_band: "moderate",
  model_tiers: "{ classify: cheap, draft: workhorse, judge: frontier }",
  write_autonomous: "[create_draft, label_or_file_email]",
  write_requires_approval: "[send_email, schedule_or_move_meeting]",
  budgets: "{ max_daily_cost_usd: 25, per_run_ceiling_usd: 1.50 }",
};

it("the shipped executive assistant is written in the short form", async () => {
  const text = await readFile(path.join(folder, "role.yaml"), "utf8");
  for (const [key, value] of Object.entries(shortForm))
    expect(text).toMatch(new RegExp(`^\\s*${key}: ${value.replace(/[[\]{}.]/g, "\\$&")}`, "m"));
});

it("it renders to the same AgentRole, byte for byte", async () => {
  const { objects } = await renderRole(folder, { namespace: "acme", base: root });
  // After a wanted change of roles/ea_tess: vitest run test/gitops/golden.test.ts -u, and read the difference.
  await expect(stringify(objects[0], { lineWidth: 0, blockQuote: "literal" })).toMatchFileSnapshot(
    "../golden/ea-tess.yaml",
  );
});

it("amounts stay what was written, rules know their line", async () => {
  const { objects } = await renderRole(folder, { namespace: "acme", base: root });
  const role = objects[0] as AgentRole;
  expect(role.spec.budget?.perBinding).toEqual({ day: "25", run: "1.50" });
  expect(parseUsd(role.spec.budget?.perBinding?.run)).toBe(1_500_000n);
  const sourceMap = JSON.parse(role.metadata.annotations?.[sourceMapAnnotation] ?? "{}") as Record<string, string>;
  expect(sourceMap.send_email).toBe("roles/ea_tess/role.yaml:6");
});
