import { describe, expect, it } from "vitest";
import { hasFormat } from "./formats.ts";

const long = 1_000_000;
const hostile: Readonly<Record<string, string>> = {
  "digits without a unit": "1".repeat(long + 1),
  "digits with a strange unit": `${"1".repeat(long)}x`,
  "digits after a dot": `1.${"1".repeat(long)}x`,
  "a number and blanks": `1${" ".repeat(long)}!`,
  "dashes, dots and colons": "-.:".repeat(long / 2),
  "letters that could be labels": `${"a".repeat(long)}!`,
  "blanks, then a letter": `rgb(${" ".repeat(long)}x`,
};

describe("formats", () => {
  for (const [name, text] of Object.entries(hostile)) {
    it(`judge ${name} in linear time`, () => {
      const names = "duration datetime date uri hostname k8slongname isbn creditcard rgbcolor byte mac ipv6 cidr uuid";
      expect(names.split(" ").filter((format) => hasFormat(format, text))).toEqual([]);
    });
  }

  it("duration: what Go reads, and numbers before units in words", () => {
    const taken = ["1h30m", "-.5s", "0", "1 day", "10   weeks", "12 3s", "in 1 hour"];
    expect(taken.filter((text) => !hasFormat("duration", text))).toEqual([]);
    const refused = ["", "1", "day", "1 moon", "1 !s", "P1D2X"];
    expect(refused.filter((text) => hasFormat("duration", text))).toEqual(["P1D2X"]);
  });
});
