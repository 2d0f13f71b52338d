import { describe, expect, it } from "vitest";
import type { ReadFile } from "./manifests.ts";
import { keyOf, titleOf } from "./object-key.ts";
import { crossCheck, type Memory, plan, type Remembered, type Wanted } from "./plan.ts";
import { fromJson } from "./tree.ts";
import type { Root } from "./units.ts";

const at = { file: "m/a.yaml", line: 1, column: 1 };
const root = (units: readonly ReadFile[], trouble?: string): Root => ({
  shown: "m",
  units,
  ...(trouble ? { trouble } : {}),
});
const unit = (file: string, objects: readonly [string, string][] = [], findings: readonly string[] = []): ReadFile => ({
  file,
  declared: objects.map(([kind, name]) => {
    const object = { apiVersion: "roster.dev/v1alpha1", kind, metadata: { name, namespace: "acme" } };
    return { object, at, tree: fromJson({}, at) };
  }),
  findings: findings.map((message) => ({ at, message })),
});
const wantedIn = (roots: readonly Root[], hash = "1"): Wanted[] =>
  roots.flatMap((r) =>
    r.units.flatMap((u) =>
      u.declared.map((d) => ({
        ...d,
        key: keyOf(d.object),
        apiVersion: d.object.apiVersion,
        hash,
        unit: u.file,
        root: r.shown,
      })),
    ),
  );
const key = (kind: string, name: string) => `roster.dev/${kind}/acme/${name}`;
const remembered = (unitName: string, hash = "1", rootName = "m"): Remembered => ({
  apiVersion: "roster.dev/v1alpha1",
  hash,
  unit: unitName,
  root: rootName,
});

function outcome(roots: readonly Root[], memory: Memory, live?: ReadonlySet<string>) {
  const made = plan({ roots, wanted: wantedIn(roots), memory, ...(live ? { live } : {}) });
  return {
    apply: made.apply.map((one) => titleOf(one.key)),
    remove: made.remove.map(titleOf),
    kept: made.kept.map(({ key: k, why }) => `${titleOf(k)}: ${why}`),
    byHand: made.deletedByHand.map(titleOf),
  };
}
const nothing = { apply: [], remove: [], kept: [], byHand: [] };

describe("plan", () => {
  const ana = key("AgentBinding", "ana");
  it("applies what refers after what it refers to, and removes in the other order", () => {
    const roots = [
      root([
        unit("m/a.yaml", [
          ["AgentTrigger", "t"],
          ["AgentBinding", "b"],
          ["AgentRole", "r"],
          ["ModelTier", "c"],
        ]),
      ]),
    ];
    expect(outcome(roots, new Map()).apply).toEqual([
      "ModelTier acme/c",
      "AgentRole acme/r",
      "AgentBinding acme/b",
      "AgentTrigger acme/t",
    ]);
    const gone = new Map([
      [key("AgentRole", "r"), remembered("m/x.yaml")],
      [key("AgentTrigger", "t"), remembered("m/x.yaml")],
      [ana, remembered("m/x.yaml")],
    ]);
    const others = [root([unit("m/other.yaml", [["ToolServer", "s"]])])];
    expect(outcome(others, gone).remove).toEqual(["AgentTrigger acme/t", "AgentBinding acme/ana", "AgentRole acme/r"]);
  });
  it("does nothing where nothing changed, whatever people did to the objects in between", () => {
    expect(
      outcome([root([unit("m/a.yaml", [["AgentBinding", "ana"]])])], new Map([[ana, remembered("m/a.yaml")]])),
    ).toEqual(nothing);
  });
  it("applies again what changed in the file", () => {
    expect(
      outcome([root([unit("m/a.yaml", [["AgentBinding", "ana"]])])], new Map([[ana, remembered("m/a.yaml", "0")]]))
        .apply,
    ).toEqual(["AgentBinding acme/ana"]);
  });
  it("does not bring back what a person deleted, and says so", () => {
    const made = outcome(
      [root([unit("m/a.yaml", [["AgentBinding", "ana"]])])],
      new Map([[ana, remembered("m/a.yaml")]]),
      new Set(),
    );
    expect(made).toEqual({ ...nothing, byHand: ["AgentBinding acme/ana"] });
  });
  it("keeps the objects of a file that has errors", () => {
    const roots = [root([unit("m/a.yaml", [], ["bad"]), unit("m/b.yaml", [["AgentRole", "r"]])])];
    const memory = new Map([
      [ana, remembered("m/a.yaml")],
      [key("AgentRole", "r"), remembered("m/b.yaml")],
    ]);
    expect(outcome(roots, memory)).toEqual({ ...nothing, kept: ["AgentBinding acme/ana: m/a.yaml has errors"] });
  });
  it("removes what left a valid file even while another file has errors", () => {
    const roots = [root([unit("m/a.yaml", [["AgentRole", "r"]]), unit("m/b.yaml", [], ["bad"])])];
    const memory = new Map([
      [ana, remembered("m/a.yaml")],
      [key("AgentRole", "r"), remembered("m/a.yaml")],
    ]);
    expect(outcome(roots, memory).remove).toEqual(["AgentBinding acme/ana"]);
  });
  it("removes nothing for a folder that is empty or cannot be read", () => {
    const memory = new Map([[ana, remembered("m/a.yaml")]]);
    expect(outcome([root([], "it is empty")], memory)).toEqual({
      ...nothing,
      kept: ["AgentBinding acme/ana: m: it is empty"],
    });
  });
  it("removes a member that no memory explains only while every file can be read", () => {
    const live = new Set([ana]);
    const good = [root([unit("m/b.yaml", [["AgentRole", "r"]])])];
    expect(outcome(good, new Map(), live).remove).toEqual(["AgentBinding acme/ana"]);
    const bad = [root([unit("m/b.yaml", [["AgentRole", "r"]]), unit("m/c.yaml", [], ["bad"])])];
    expect(outcome(bad, new Map(), live).remove).toEqual([]);
  });
  it("never prunes a namespace", () => {
    const memory = new Map([["/Namespace//acme", remembered("m/ns.yaml")]]);
    expect(outcome([root([unit("m/b.yaml", [["AgentRole", "r"]])])], memory).remove).toEqual([]);
  });
});

describe("crossCheck", () => {
  it("refuses an object that two files declare, in the second of them", () => {
    const [checked] = crossCheck(
      [root([unit("m/a.yaml", [["AgentRole", "r"]]), unit("m/b.yaml", [["AgentRole", "r"]])])],
      new Map(),
    );
    expect(checked?.units.map((u) => u.findings.map((f) => f.message))).toEqual([
      [],
      ['AgentRole "r" is declared in m/a.yaml already'],
    ]);
  });
  it("takes a file that lost all it declared for one that is being saved", () => {
    const memory = new Map([[key("AgentRole", "r"), remembered("m/a.yaml")]]);
    const [checked] = crossCheck([root([unit("m/a.yaml")])], memory);
    expect(checked?.units[0]?.findings.map((f) => f.message)).toEqual([
      "is empty; delete the file to delete what it declared",
    ]);
  });
});
