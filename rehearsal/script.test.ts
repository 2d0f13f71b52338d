import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseScript } from "./script.ts";

const good = `scenes:
- name: snapshot
  when: { intent: daily-snapshot, user: "(?i)prepare" }
  replies:
  - toolCalls:
    - { name: mail.search, arguments: { limit: 20 } }
  - attempts:
    - error: { status: 503, retryAfterSeconds: 1 }
    - { text: "Done: {{ results['mail.search'] }}", usage: tooMuch, latencyMs: 5 }
`;

describe("parseScript", () => {
  it("reads scenes, attempts and where each is written", () => {
    const [scene] = parseScript("r.yaml", good);
    expect(scene).toMatchObject({ name: "snapshot", source: "r.yaml:2", when: { intent: "daily-snapshot" } });
    expect(scene?.when.user?.("please PREPARE it")).toBe(true);
    expect(scene?.replies.map((attempts) => attempts.length)).toEqual([1, 2]);
    expect(scene?.replies[1]?.[1]).toMatchObject({ usage: "tooMuch", latencyMs: 5, source: "r.yaml:9" });
  });

  it("reads the example of the documentation as it stands", () => {
    const page = readFileSync(new URL("../docs/reference/rehearsal.md", import.meta.url), "utf8");
    const example = /```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? "";
    expect(parseScript("page.yaml", example).map(({ name }) => name)).toEqual(["daily snapshot"]);
  });

  const reply = (text: string) => `scenes:\n- name: a\n  replies:\n  - ${text}\n`;
  const bad: Record<string, [string, RegExp]> = {
    "text that is not YAML": ["scenes: [", /^r.yaml:1: /],
    "a key that is there twice": ["scenes: []\nscenes: []\n", /^r.yaml:2: .*unique/i],
    "a script without scenes": ["scenes: []", /at least one scene/],
    "an unknown field at the top": ["scenes: []\nscnes: []\n", /^r.yaml:2: unknown field "scnes" in the script/],
    "an unknown field of a scene": [`${good}  then: x\n`, /^r.yaml:10: unknown field "then" in scenes.0/],
    "an unknown field of a condition": [
      "scenes:\n- name: a\n  when: { intnt: x }\n",
      /^r.yaml:3: unknown field "intnt"/,
    ],
    "an unknown field of a reply": [reply("{ text: a, txt: b }"), /^r.yaml:4: unknown field "txt"/],
    "a scene without a name": ["scenes:\n- replies: [{ text: a }]\n", /^r.yaml:2: scenes.0.name must be text/],
    "a scene without replies": ["scenes:\n- name: a\n  replies: []\n", /at least one reply/],
    "two scenes of one name": [
      "scenes:\n- { name: a, replies: [{ text: x }] }\n- { name: a, replies: [{ text: x }] }\n",
      /^r.yaml:3: scene "a" is there twice/,
    ],
    "a reply that says nothing": [reply("{ usage: missing }"), /needs text, toolCalls or error/],
    "a usage that nobody knows": [reply("{ text: a, usage: lots }"), /^r.yaml:4: usage must be|usage must be one of/],
    "a template that does not compile": [reply('{ text: "{{ x }}" }'), /^r.yaml:4: .*undeclared/],
    "a pattern that does not compile": [
      `scenes:\n- name: a\n  when: { user: "(" }\n  replies: [{ text: a }]\n`,
      /^r.yaml:3: /,
    ],
    "a condition that does not compile": [
      `scenes:\n- name: a\n  when: { cel: "turn ==" }\n  replies: [{ text: a }]\n`,
      /^r.yaml:3: .*when.cel/,
    ],
    "a turn that is no number": [
      `scenes:\n- name: a\n  when: { turn: one }\n  replies: [{ text: a }]\n`,
      /^r.yaml:3: .*turn/,
    ],
    "an error that does nothing": [reply("{ error: {} }"), /needs status, afterBytes, reset or hang/],
    "arguments that are a list": [reply("{ toolCalls: [{ name: a.b, arguments: [1] }] }"), /arguments must be a map/],
    "a negative latency": [reply("{ text: a, latencyMs: -1 }"), /whole number from 0/],
  };
  it.each(Object.entries(bad))("refuses %s with file and line", (_, [text, message]) => {
    expect(() => parseScript("r.yaml", text)).toThrow(message);
  });
});
