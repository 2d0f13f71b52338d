import { describe, expect, it } from "vitest";
import type { Json } from "../lib/json.ts";
import { compileTemplate } from "./template.ts";

const known = {
  turn: 2,
  user: "hello",
  results: {
    "mail.search": {
      messages: [
        { id: "m1", subject: 'a "quoted" one' },
        { id: "m2", subject: "two" },
      ],
    },
  },
};

describe("compileTemplate", () => {
  const table: Record<string, [Json, Json]> = {
    "leaves plain text alone": ["no braces", "no braces"],
    "leaves numbers, booleans and null alone": [
      [1, true, null],
      [1, true, null],
    ],
    "gives a lone expression's value its own type": ["{{ turn + 1 }}", 3],
    "inserts text into text without quotes": ["say {{ user }}!", "say hello!"],
    "inserts other values as JSON": ["{{ user }} {{ [1, turn] }}", "hello [1,2]"],
    "reads the results of tools": ["{{ results['mail.search'].messages[0].id }}", "m1"],
    "writes lists from results": [
      "{{ results['mail.search'].messages.map(m, '- ' + m.subject).join('\\n') }}",
      '- a "quoted" one\n- two',
    ],
    "does not end at the braces of a map": ["{{ {'a': {'b': turn}} }}", { a: { b: 2 } }],
    "does not end at braces inside a string": ["{{ 'x}}y' }}", "x}}y"],
    "fills nested members": [{ a: ["{{ turn }}"] }, { a: [2] }],
  };
  it.each(Object.entries(table))("%s", (_, [template, want]) => {
    expect(compileTemplate(template)(known)).toEqual(want);
  });

  const bad: Record<string, [string, RegExp]> = {
    "an expression that is not closed": ["{{ turn", /not closed/],
    "an expression that does not parse": ["{{ turn + }}", /cannot compile/],
    "an unknown variable": ["{{ trun }}", /undeclared reference to 'trun'/],
  };
  it.each(Object.entries(bad))("refuses %s", (_, [template, message]) => {
    expect(() => compileTemplate(template)).toThrow(message);
  });

  it("throws where a result is not there", () => {
    expect(() => compileTemplate("{{ results['x.y'].z }}")(known)).toThrow(/no such key/);
  });
});
