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
            // A test beside the code may use the shared test kit, and nothing else of test/.
            const isKit = source.isTest && /\/test\/kit\//.test(specifier);
            return target === undefined || allowed.has(target) || isKit ? [] : [`${source.file} imports ${specifier}`];
          }),
        );
      expect(wrong).toEqual([]);
    });
  }
});
