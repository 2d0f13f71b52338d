import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { reasons } from "../../api/reasons.ts";
import { root, sources } from "./sources.ts";

const product = sources.filter((source) => !source.isTest && !["bench", "scripts", ""].includes(source.folder));
const page = readFileSync(path.join(root, "docs/reference/reasons.md"), "utf8");

describe("reasons are one closed table", () => {
  it("every reason is documented, and nothing is documented that does not exist", () => {
    const documented = [...page.matchAll(/^\| <a id="[a-z]+"><\/a>`(\w+)`/gm)].map((match) => match[1]);
    expect(documented.sort()).toEqual(Object.keys(reasons).sort());
  });

  it("every reason that is thrown is in the table", () => {
    const thrown = product.flatMap((source) =>
      [...source.code.matchAll(/\b(?:problem|new Problem)\(\s*"(\w+)"/g)].map((match) => ({
        file: source.file,
        reason: match[1] ?? "",
      })),
    );
    expect(thrown.filter(({ reason }) => !(reason in reasons))).toEqual([]);
    expect(thrown.length).toBeGreaterThan(0);
  });

  it("every reason in the table is said somewhere, or the table tells of what never happens", () => {
    const text = product
      .filter((source) => source.file !== "api/reasons.ts")
      .map((source) => source.code)
      .join("\n");
    const silent = Object.keys(reasons).filter(
      (reason) => !new RegExp(`["'\`]${reason}["'\`]`).test(text) && !new RegExp(`\\b${reason}:`).test(text),
    );
    expect(silent).toEqual([]);
  });

  it("every reason that is not a state has a next step", () => {
    const without = Object.entries(reasons).filter(
      ([, row]) => row.disposition !== "fine" && row.hint.trim().length < 5,
    );
    expect(without).toEqual([]);
  });
});
