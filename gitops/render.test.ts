import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { Problem } from "../lib/problem.ts";
import { renderRole, sourceMapAnnotation } from "./render.ts";

const made: string[] = [];
afterEach(async () => {
  for (const folder of made.splice(0)) await rm(folder, { recursive: true });
});

/** A role folder on disk; `files` by their path below roles/tester. */
async function roleOf(files: Readonly<Record<string, string>>): Promise<string> {
  const base = await mkdtemp(path.join(tmpdir(), "roster-render-"));
  made.push(base);
  const folder = path.join(base, "roles", "tester");
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), text);
  }
  return folder;
}

async function specOf(files: Readonly<Record<string, string>>): Promise<Record<string, unknown>> {
  const { objects } = await renderRole(await roleOf(files), { namespace: "acme" });
  return (objects[0] as unknown as { spec: Record<string, unknown> }).spec;
}

async function complaints(files: Readonly<Record<string, string>>): Promise<readonly string[]> {
  try {
    await renderRole(await roleOf(files));
  } catch (thrown) {
    return (thrown as Problem).details.findings as string[];
  }
  return [];
}

describe("renderRole", () => {
  it("turns snake_case into a Kubernetes name and remembers where each rule was written", async () => {
    const folder = await roleOf({
      "role.yaml":
        "role: night_porter\npermissions:\n  write_autonomous:\n  - note\n  deny:\n  - { name: never, action: mail.send }\nactions: { note: [memory.write] }\n",
    });
    const { objects } = await renderRole(folder, { namespace: "acme" });
    expect(objects[0]?.metadata.name).toBe("night-porter");
    expect(JSON.parse(objects[0]?.metadata.annotations?.[sourceMapAnnotation] ?? "")).toEqual({
      note: "roles/tester/role.yaml:4",
      never: "roles/tester/role.yaml:6",
    });
  });
  it("gives the same bytes for the same folder", async () => {
    const files = {
      "role.yaml": "role: a\nmodel_tiers: { draft: cheap }\n",
      "SOUL.md": "Be kind.\n",
      "memory/b.md": "b",
      "memory/a/x.md": "x",
    };
    expect(JSON.stringify(await specOf(files))).toBe(JSON.stringify(await specOf(files)));
  });
  it("keeps amounts as they were written", async () => {
    const spec = await specOf({
      "role.yaml": "role: a\nbudgets: { max_daily_cost_usd: 25, per_run_ceiling_usd: 1.50 }\n",
    });
    expect(spec.budget).toEqual({ perBinding: { day: "25", run: "1.50" } });
  });
  it("reads long-form keys in either spelling, and their numbers as text where the schema wants text", async () => {
    const spec = await specOf({
      "role.yaml":
        "role: a\nautonomyBand: low\nlimits: { max_steps: 5, maxActiveSeconds: 60 }\nbudget: { per_binding: { day: 2.50 } }\nspec: { rights: bounded_mutator }\n",
    });
    expect(spec).toEqual({
      autonomyBand: "Low",
      limits: { maxSteps: 5, maxActiveSeconds: 60 },
      budget: { perBinding: { day: "2.50" } },
      rights: "BoundedMutator",
    });
  });
  it("takes soul, skills, scripts and memory from files, and leaves evals, rehearsal and editor files alone", async () => {
    const spec = await specOf({
      "role.yaml": "role: a\n",
      "SOUL.md": "Be kind.\n",
      "skills/greet/SKILL.md":
        "---\nname: greet\ndescription: Say hello\nallowed-tools: mail.read\n---\n\nSay hello.\n",
      "scripts/hours.js": "export default 1;\n",
      "memory/people/ana.md": "Ana\n",
      "evals/x.yaml": "a: 1\n",
      "rehearsal.yaml": "a: 1\n",
      "README.md": "about",
      ".role.yaml.swp": "\u0000",
    });
    expect(spec).toEqual({
      soul: "Be kind.\n",
      skills: [{ name: "greet", description: "Say hello", body: "Say hello." }],
      scripts: [{ name: "hours", source: "export default 1;\n" }],
      memorySeed: [{ path: "people/ana.md", content: "Ana\n" }],
    });
  });
});

describe("renderRole refuses, naming file, line and column,", () => {
  const at = "roles/tester/role.yaml";
  const table: Record<string, { readonly files: Record<string, string>; readonly want: readonly string[] }> = {
    "an unknown key, suggesting the one that was meant": {
      files: { "role.yaml": "role: a\nmodel_tier: { draft: cheap }\n" },
      want: [`${at}:2:1: unknown field "model_tier" (did you mean "model_tiers"?)`],
    },
    "a misspelt list of permissions, which would otherwise allow what it meant to deny": {
      files: { "role.yaml": "role: a\npermissions:\n  denny: [mail.send]\n" },
      want: [`${at}:3:3: unknown field "denny" in permissions (did you mean "deny"?)`],
    },
    "a verb that no action explains": {
      files: { "role.yaml": "role: a\npermissions: { deny: [sned] }\nactions: { send: [mail.send] }\n" },
      want: [`${at}:2:23: "sned" is neither a tool (<server>.<tool>) nor a verb of actions (did you mean "send"?)`],
    },
    "two rules of one name": {
      files: { "role.yaml": "role: a\npermissions:\n  deny: [mail.send]\n  write_autonomous:\n  - mail.send\n" },
      want: [`${at}:5:5: a second rule named "mail.send"; give one of them another name`],
    },
    "an amount in scientific notation": {
      files: { "role.yaml": "role: a\nbudgets: { max_daily_cost_usd: 1e2 }\n" },
      want: [
        `${at}:2:32: budgets.max_daily_cost_usd: amount "1e2" is not a decimal string in USD with at most six fraction digits, such as "25.00"`,
      ],
    },
    "a negative amount": {
      files: { "role.yaml": "role: a\nbudgets: { per_run_ceiling_usd: -1 }\n" },
      want: [
        `${at}:2:33: budgets.per_run_ceiling_usd: amount "-1" is not a decimal string in USD with at most six fraction digits, such as "25.00"`,
      ],
    },
    "an unknown budget": {
      files: { "role.yaml": "role: a\nbudgets: { max_daly_cost_usd: 1 }\n" },
      want: [`${at}:2:12: unknown field "max_daly_cost_usd" in budgets (did you mean "max_daily_cost_usd"?)`],
    },
    "a role without a name": {
      files: { "role.yaml": "autonomy_band: low\n" },
      want: [`${at}:1:1: role is required: the name of the role, such as executive_assistant`],
    },
    "a band that there is not": {
      files: { "role.yaml": "role: a\nautonomy_band: modrate\n" },
      want: [
        `${at}:2:16: autonomy_band must be one of Observe, Low, Moderate, High, not "modrate" (did you mean "Moderate"?)`,
      ],
    },
    "text where a number is wanted": {
      files: { "role.yaml": "role: a\nlimits: { max_steps: many }\n" },
      want: [`${at}:2:22: limits.max_steps must be a whole number, not text`],
    },
    "an empty field": {
      files: { "role.yaml": "role: a\nlimits:\n" },
      want: [`${at}:2:8: limits is empty; give it a value or leave it out`],
    },
    "one field in two spellings": {
      files: { "role.yaml": "role: a\nautonomy_band: low\nautonomyBand: high\n" },
      want: [`${at}:3:1: autonomyBand is there twice, in two spellings`],
    },
    "a soul in two places": {
      files: { "role.yaml": "role: a\nsoul: x\n", "SOUL.md": "y" },
      want: [`${at}:2:1: soul is in files of the folder already; keep one of the two`],
    },
    "a folder without role.yaml": { files: { "SOUL.md": "x" }, want: [`${at}:1:1: a role folder needs a role.yaml`] },
    "a second document": {
      files: { "role.yaml": "role: a\n---\nrole: b\n" },
      want: [`${at}:3:1: role.yaml holds one document; this is a second one`],
    },
    "a stray file": {
      files: { "role.yaml": "role: a\n", "SOLU.md": "x" },
      want: [`roles/tester/SOLU.md:1:1: is not part of a role folder (did you mean "SOUL.md"?)`],
    },
    "a skill whose name is not its folder's": {
      files: { "role.yaml": "role: a\n", "skills/greet/SKILL.md": "---\nname: hello\ndescription: x\n---\n" },
      want: [`roles/tester/skills/greet/SKILL.md:2:1: name "hello" must be the name of its folder, "greet"`],
    },
    "a skill without front matter": {
      files: { "role.yaml": "role: a\n", "skills/greet/SKILL.md": "# hello\n" },
      want: [
        "roles/tester/skills/greet/SKILL.md:1:1: a skill begins with YAML between two lines of ---, naming name and description",
      ],
    },
    "a skill with an unknown key": {
      files: {
        "role.yaml": "role: a\n",
        "skills/greet/SKILL.md": "---\nname: greet\ndescripton: x\ndescription: z\n---\n",
      },
      want: [
        `roles/tester/skills/greet/SKILL.md:3:1: unknown field "descripton" in the front matter (did you mean "description"?)`,
      ],
    },
    "more text than fits into an object": {
      files: {
        "role.yaml": "role: a\n",
        "memory/a.md": "a".repeat(65_000),
        "memory/b.md": "b".repeat(65_000),
        "memory/c.md": "c".repeat(2_000),
      },
      want: [
        "roles/tester:1:1: its texts have 132000 bytes; at most 131072 fit into the AgentRole. Move some into ConfigMaps and name them in contentFrom",
      ],
    },
    "bytes that are not UTF-8": {
      files: { "role.yaml": "role: a\n", "SOUL.md": "a\u0000b" },
      want: ["roles/tester/SOUL.md:1:1: is not text"],
    },
  };
  for (const [name, { files, want }] of Object.entries(table)) {
    it(name, async () => expect(await complaints(files)).toEqual(want));
  }
});
