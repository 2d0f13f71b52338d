import { describe, expect, it } from "vitest";
import { type Source, sources } from "./sources.ts";

interface Ban {
  readonly what: string;
  readonly pattern: RegExp;
  readonly why: string;
  readonly within?: (source: Source) => boolean;
}

const tools = new Set(["lib", "cli", "test", "bench", "scripts", ""]);

/** Composition: wiring happens in a main.ts, in plain sight. */
const isWiring = (source: Source) => tools.has(source.folder) || source.isTest || /(^|\/)main\.ts$/.test(source.file);
const product = (source: Source) => !isWiring(source);
const pure = (source: Source) => ["policy", "api"].includes(source.folder) && !source.isTest;

const bans: readonly Ban[] = [
  {
    what: "Date.now()",
    pattern: /\bDate\.now\b/,
    why: "time comes from a Clock, so that a test owns it",
    within: product,
  },
  {
    what: "new Date() of now",
    pattern: /\bnew Date\(\s*\)/,
    why: "time comes from a Clock, so that a test owns it",
    within: product,
  },
  {
    what: "setTimeout",
    pattern: /\b(setTimeout|setInterval)\(/,
    why: "timers come from a Clock, so that a test owns them",
    within: product,
  },
  {
    what: "process.env",
    pattern: /\bprocess\.env\b/,
    why: "settings are options; only a main.ts reads the environment",
    within: product,
  },
  { what: "console", pattern: /\bconsole\.\w+\(/, why: "lines go through a Log, which redacts", within: product },
  {
    what: "randomness or I/O in pure folders",
    pattern: /Math\.random|node:(fs|net|http|https|child_process|dns|tls)\b|randomBytes/,
    why: "policy and api must replay",
    within: pure,
  },
  { what: "any", pattern: /(:\s*any\b|\bas any\b|<any>)/, why: "unknown at the edge, typed inward" },
  {
    what: "enum",
    pattern: /^\s*(export\s+)?(const\s+)?enum\s/m,
    why: "unions with literals; types are stripped, not compiled",
  },
  {
    what: "default export",
    pattern: /^export default/m,
    why: "a name is the same everywhere",
    within: (source) => !/\.config\.ts$/.test(source.file),
  },
  {
    what: "skipped or exclusive test",
    pattern: /\b(it|test|describe)\.(skip|only|todo)\(/,
    why: "no test passes silently; skipIf with a printed reason is the way",
  },
  { what: "TODO", pattern: /\b(TODO|FIXME|XXX)\b/, why: "an issue says it better" },
];

const badNames = /(^|\/)(types|misc)\.ts$|(^|[/-])(utils?|helpers?|manager|service|impl|common)\.ts$/;

describe("style", () => {
  for (const ban of bans) {
    it(`has no ${ban.what}: ${ban.why}`, () => {
      const found = sources
        .filter((source) => source.file !== "test/arch/style.test.ts" && (ban.within?.(source) ?? true))
        .flatMap((source) => (ban.pattern.test(source.code) ? [source.file] : []));
      expect(found).toEqual([]);
    });
  }

  it("names files in kebab-case after the one thing they hold", () => {
    const wrong = sources.filter((source) => {
      const name = source.file
        .slice(source.file.lastIndexOf("/") + 1)
        .replace(/(\.test|\.bench|\.config)?\.(ts|mjs)$/, "");
      return (
        !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name) ||
        (badNames.test(source.file) && !source.file.startsWith("scripts/generate/"))
      );
    });
    expect(wrong.map((source) => source.file)).toEqual([]);
  });

  it("keeps files short: 300 lines, tests 500, or the head comment says `Long:` and why", () => {
    const wrong = sources.flatMap((source) => {
      const lines = source.text.split("\n").length;
      const limit = source.isTest ? 500 : 300;
      const excused = /\bLong: \S/.test(source.text.split("\n").slice(0, 15).join("\n"));
      return lines <= limit || excused ? [] : [`${source.file}: ${lines}`];
    });
    expect(wrong).toEqual([]);
  });
});
