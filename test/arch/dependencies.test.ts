import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { dependencies } from "./dependencies.ts";
import { packageOf, root, sources } from "./sources.ts";

const manifest = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
const installed: Readonly<Record<string, string>> = { ...manifest.dependencies, ...manifest.devDependencies };
const byPackage = new Map(dependencies.map((row) => [row.package, row]));
const tools = new Set(["test", "bench", "scripts", ""]);

describe("dependencies", () => {
  it("each has a row with a reason, and each row is installed", () => {
    expect([...byPackage.keys()].sort()).toEqual(Object.keys(installed).sort());
  });

  it("each is pinned to an exact version, so that a clone next year is this one", () => {
    expect(Object.entries(installed).filter(([, version]) => !/^\d/.test(version))).toEqual([]);
  });

  it("each is imported only by the folders of its row", () => {
    const wrong = sources.flatMap((source) =>
      source.imports.flatMap((specifier) => {
        const name = packageOf(specifier);
        if (name === undefined) return [];
        const row = byPackage.get(name);
        if (!row) return [`${source.file} imports ${name}, which has no row in test/arch/dependencies.ts`];
        if (row.folders.includes(source.folder)) return [];
        // Tests and tools may look at the product with any client that is there anyway.
        if (source.isTest || tools.has(source.folder)) return [];
        return [`${source.file} imports ${name}, which belongs to ${row.folders.join(", ")}: ${row.why}`];
      }),
    );
    expect(wrong).toEqual([]);
  });

  it("each is used by what its row names, or it can go", () => {
    const used = new Set(
      sources.flatMap((source) => source.imports.map((name) => `${source.folder} ${packageOf(name)}`)),
    );
    const dead = dependencies.flatMap((row) =>
      row.folders.length === 0 ||
      row.folders.includes("*") ||
      row.folders.some((folder) => used.has(`${folder} ${row.package}`))
        ? []
        : [row.package],
    );
    expect(dead).toEqual([]);
  });
});
