import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../lib/clock.ts";
import { messageOf } from "../../lib/problem.ts";
import type { Io } from "../io.ts";
import { namespacesOf, readTiers, toNamespaces } from "./confinement.ts";

const checkout = { root: path.join(import.meta.dirname, "../.."), version: "test" };

function ioWith(env: Io["env"]): Io {
  return { env, cwd: "/", clock: systemClock, terminal: false, out() {}, err() {}, answerNo() {} };
}

describe("the namespaces that a process serves", () => {
  const table: Readonly<Record<string, readonly [text: string, is: readonly string[] | string]>> = {
    "are written with commas or spaces, each once": ["acme, globex acme", ["acme", "globex"]],
    "are not none": [" , ", "name at least one namespace"],
    "are names that the API could have": ["acme,Globex", '"Globex" is not the name of a namespace'],
    "are not all by a star": ["*", '"*" is not the name of a namespace'],
  };
  for (const [why, [text, is]] of Object.entries(table)) {
    it(why, () => {
      if (typeof is === "string") expect(() => toNamespaces(text)).toThrow(is);
      else expect(toNamespaces(text)).toEqual(is);
    });
  }

  it("come from the flag, else from the environment, else they are all", () => {
    expect(namespacesOf(["acme"], ioWith({ ROSTER_NAMESPACES: "globex" }))).toEqual(["acme"]);
    expect(namespacesOf(undefined, ioWith({ ROSTER_NAMESPACES: "globex" }))).toEqual(["globex"]);
    expect(namespacesOf(undefined, ioWith({ ROSTER_NAMESPACES: " " }))).toBeUndefined();
    expect(() => namespacesOf(undefined, ioWith({ ROSTER_NAMESPACES: "a_b" }))).toThrow(
      'ROSTER_NAMESPACES: "a_b" is not the name of a namespace',
    );
  });
});

describe("the operator's file of model tiers", () => {
  const prices = '{ inputPerMillion: "0.15", outputPerMillion: "0.60" }';
  const tier = (spec: string) =>
    `apiVersion: roster.dev/v1alpha1\nkind: ModelTier\nmetadata: { name: cheap }\nspec: ${spec}\n`;
  const refused: Readonly<Record<string, readonly [text: string, says: RegExp]>> = {
    "a misspelt field": [tier(`{ modle: m, prices: ${prices} }`), /tiers\.yaml:4:\d+: .*modle/],
    "money as a number": [tier("{ model: m, prices: { inputPerMillion: 0.15 } }"), /inputPerMillion/],
    "another kind": ["apiVersion: v1\nkind: ConfigMap\nmetadata: { name: x }\n", /ConfigMap "x" is no ModelTier/],
    "no file": ["", /ENOENT/],
  };
  const read = async (text: string): Promise<unknown> => {
    const folder = mkdtempSync(path.join(tmpdir(), "roster-tiers-"));
    try {
      if (text !== "") writeFileSync(path.join(folder, "tiers.yaml"), text);
      return await readTiers(path.join(folder, "tiers.yaml"), checkout);
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
  for (const [what, [text, says]] of Object.entries(refused)) {
    it(`is refused for ${what}`, async () => {
      const thrown = await read(text).catch((problem: unknown) => problem);
      expect(thrown).toMatchObject({ reason: "InvalidManifest" });
      expect(messageOf(thrown)).toMatch(says);
    });
  }

  it("is what would be applied", async () => {
    const file = path.join(checkout.root, "manifests/overlays/namespaced/model-tiers.yaml");
    expect((await readTiers(file, checkout)).map(({ metadata }) => metadata.name)).toEqual([
      "cheap",
      "workhorse",
      "frontier",
    ]);
    expect(await read(tier(`{ model: m, prices: ${prices} }`))).toMatchObject([
      { kind: "ModelTier", spec: { model: "m" } },
    ]);
  });
});
