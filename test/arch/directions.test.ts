import { describe, expect, it } from "vitest";
import { directions, unbound } from "./directions.ts";
import { folderOf, sources } from "./sources.ts";

const byFolder = new Map(directions.map((direction) => [direction.from, direction]));

describe("imports point down only", () => {
  it("knows every folder that holds code", () => {
    const unknown = sources.filter((source) => !byFolder.has(source.folder) && !unbound.includes(source.folder));
    expect(unknown.map((source) => source.file)).toEqual([]);
  });

  for (const { from, to, why } of directions) {
    it(`${from} imports ${to.length > 0 ? to.join(", ") : "nothing of ours"}: ${why}`, () => {
      const allowed = new Set([from, ...to]);
      const wrong = sources
        .filter((source) => source.folder === from)
        .flatMap((source) =>
          source.imports.flatMap((specifier) => {
            const target = folderOf(source.file, specifier);
            // A test beside the code may use a test kit, and the rehearsal, which is the fixture for everything that asks a model.
            const isKit = source.isTest && (/\/test\/(\w+\/)?kit(\/|\.ts$)/.test(specifier) || target === "rehearsal");
            // The published commands begin with the same installer as npm's.
            const isStart = specifier.endsWith("/scripts/bootstrap.mjs") && source.file.endsWith(".mjs");
            return target === undefined || allowed.has(target) || isKit || isStart
              ? []
              : [`${source.file} imports ${specifier}`];
          }),
        );
      expect(wrong).toEqual([]);
    });
  }
});
