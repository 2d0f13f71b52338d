import { describe, expect, it } from "vitest";
import { formatFinding, Refusal } from "./finding.ts";
import { readYaml } from "./read-yaml.ts";
import { locate, toJson } from "./tree.ts";

function complaint(text: string): string {
  try {
    readYaml(text, "f.yaml");
  } catch (thrown) {
    if (thrown instanceof Refusal) return thrown.findings.map(formatFinding).join("\n");
    throw thrown;
  }
  return "accepted";
}

describe("readYaml refuses, with file, line and column,", () => {
  const billion = `a: &a [x,x,x,x,x,x,x,x,x,x]\n${[..."bcdefghi"].map((l, i) => `${l}: &${l} [${Array(10).fill(`*${"abcdefgh"[i]}`)}]`).join("\n")}`;
  const table: Record<string, { readonly text: string; readonly want: RegExp }> = {
    "a key that is there twice": { text: "a: 1\na: 2\n", want: /^f\.yaml:2:1: Map keys must be unique/ },
    "a tab as indentation": { text: "a:\n\tb: 1\n", want: /^f\.yaml:2:1: / },
    "a list that is never closed": { text: "a: [1, 2\nb: 3\n", want: /^f\.yaml:[23]:\d+: / },
    "a word that kubectl would read as a boolean": {
      text: "state: on\n",
      want: /^f\.yaml:1:8: "on" means different things/,
    },
    "such a word as a key": { text: "y: 1\n", want: /^f\.yaml:1:1: "y" means different things/ },
    "a number that kubectl would read as octal": {
      text: "mode: 010\n",
      want: /^f\.yaml:1:7: "010" means different things/,
    },
    "a whole number that a double cannot hold": {
      text: "a: 9007199254740993\n",
      want: /^f\.yaml:1:4: the number 9007199254740993 is too large/,
    },
    "infinity, which JSON cannot hold": {
      text: "a: .inf\n",
      want: /^f\.yaml:1:4: "\.inf" is not a value that JSON can hold/,
    },
    "a key that pollutes prototypes": {
      text: "__proto__: { a: 1 }\n",
      want: /^f\.yaml:1:1: the key "__proto__" is not allowed/,
    },
    "an alias to an anchor that is not there": { text: "a: *nowhere\n", want: /^f\.yaml:1:4: / },
    "nine lines that stand for a billion values": { text: billion, want: /^f\.yaml:\d+:\d+: more than 400000 values/ },
    "an alias inside of what it names": { text: "a: &a\n  b: *a\n", want: /^f\.yaml:\d+:\d+: / },
    "ten thousand open brackets": { text: "[".repeat(10_000), want: /^f\.yaml:\d+:\d+: / },
    "a file beyond the size of a request": {
      text: `a: ${"x".repeat(1_700_000)}`,
      want: /^f\.yaml:1:1: the file is larger than 1600000 bytes/,
    },
    "a tag that JSON does not know": { text: "a: !secret b\n", want: /^f\.yaml:1:4: Unresolved tag/ },
  };
  for (const [name, { text, want }] of Object.entries(table)) it(name, () => expect(complaint(text)).toMatch(want));
});

describe("readYaml reads", () => {
  it("many documents and leaves empty ones out", () => {
    expect(readYaml("---\na: 1\n---\n---\n# nothing\n---\nb: 2\n", "f").map(toJson)).toEqual([{ a: 1 }, { b: 2 }]);
  });
  it("merge keys, the map's own values winning", () => {
    expect(readYaml("base: &b { x: 1, y2: 2 }\nmine:\n  <<: *b\n  x: 9\n", "f").map(toJson)).toEqual([
      { base: { x: 1, y2: 2 }, mine: { x: 9, y2: 2 } },
    ]);
  });
  it("words in quotes as text", () => {
    expect(readYaml("a: \"on\"\nb: '010'\n", "f").map(toJson)).toEqual([{ a: "on", b: "010" }]);
  });
  it("a number as the text that was written", () => {
    const [tree] = readYaml("amount: 1.50\n", "f");
    expect(tree?.kind === "map" && tree.entries.get("amount")?.tree).toMatchObject({ value: 1.5, text: "1.50" });
  });
  it("positions that a field path finds again", () => {
    const [tree] = readYaml("spec:\n  tools:\n  - name: a\n  - name: b\n    effect: Read\n", "f");
    expect(locate(tree!, "spec.tools[1].effect")).toEqual({ file: "f", line: 5, column: 5 });
    expect(locate(tree!, "spec.tools[7].effect")).toEqual({ file: "f", line: 2, column: 3 });
  });
});
