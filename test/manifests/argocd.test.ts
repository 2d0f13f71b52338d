import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { LuaFactory } from "wasmoon";
import { parse } from "yaml";

const root = path.join(import.meta.dirname, "../..");
const { data } = parse(readFileSync(path.join(root, "manifests/argocd/argocd-cm.yaml"), "utf8")) as {
  data: Readonly<Record<string, string>>;
};

const ready = (status: string, message: string) => ({ type: "Ready", status, reason: "Some", message });
const looked = (generation: number, ...conditions: object[]) => ({ observedGeneration: generation, conditions });

describe("Argo CD's health of one of our objects", () => {
  const table: Readonly<Record<string, readonly [status: object | undefined, health: string, message: RegExp]>> = {
    "is open until the controller has looked at it": [{ observedGeneration: -1 }, "Progressing", /not looked/],
    "is open without any status": [undefined, "Progressing", /not looked/],
    "is open while what is shown is of an older spec": [looked(1, ready("True", "hired")), "Progressing", /not looked/],
    "is good when it is Ready": [looked(2, ready("True", "hired")), "Healthy", /^hired$/],
    "is good when it is suspended, and says so": [
      looked(2, { type: "Funded", status: "False", message: "no budget" }, ready("True", "suspended: nothing fires")),
      "Healthy",
      /^suspended/,
    ],
    "is bad when it is not Ready, and says why": [
      looked(2, ready("False", 'AgentRole "x" not found'), { type: "Reconciling", status: "True", message: "waiting" }),
      "Degraded",
      /^AgentRole "x" not found$/,
    ],
    "is open when nobody can tell": [looked(2, ready("Unknown", "the ledger is away")), "Progressing", /^the ledger/],
    "is open where other conditions are alone": [looked(2, { type: "Funded", status: "True" }), "Progressing", /./],
  };
  for (const [why, [status, health, message]] of Object.entries(table)) {
    it(why, async () => {
      const lua = await new LuaFactory().createEngine({ enableProxy: false });
      try {
        lua.global.set("obj", { kind: "AgentBinding", metadata: { generation: 2 }, ...(status ? { status } : {}) });
        const script = data["resource.customizations.health.roster.dev_AgentBinding"] ?? "";
        expect(await lua.doString(script)).toEqual({ status: health, message: expect.stringMatching(message) });
      } finally {
        lua.global.close();
      }
    });
  }
});

it("every kind that lies in git has a health, and runs and approvals are no concern of Argo CD", () => {
  const kinds = ["AgentBinding", "AgentBudget", "AgentRole", "AgentStop", "AgentTrigger", "ModelTier", "ToolServer"];
  for (const use of ["health", "ignoreResourceUpdates"]) {
    const prefix = `resource.customizations.${use}.roster.dev_`;
    const named = Object.keys(data).filter((key) => key.startsWith(prefix));
    expect(named.map((key) => key.slice(prefix.length))).toEqual(kinds);
  }
  expect(parse(data["resource.exclusions"] ?? "")).toEqual([
    { apiGroups: ["roster.dev"], kinds: ["AgentApproval", "AgentRun"], clusters: ["*"] },
  ]);
});
