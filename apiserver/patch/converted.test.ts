import { expect, it } from "vitest";
import { converterWords } from "./converted.ts";

const rows: Readonly<Record<string, readonly [decoder: string, converter: string]>> = {
  "a whole number for a text": [
    "number into Go struct field ConfigMap.data of type string",
    "cannot convert int64 to string",
  ],
  "a fraction for a text": [
    "number 1.5 into Go struct field ConfigMap.data of type string",
    "unrecognized type: string",
  ],
  "a text for a flag": ["string into Go struct field ConfigMap.immutable of type bool", "unrecognized type: bool"],
  "a list for a map": [
    "array into Go struct field ConfigMap.data of type map[string]string",
    "cannot restore map from slice",
  ],
  "a number for metadata": ["number into Go value of type v1.ObjectMeta", "cannot restore struct from: int64"],
};

for (const [what, [decoder, converter]] of Object.entries(rows))
  it(`${what} is refused in the converter's words`, () =>
    expect(converterWords(`json: cannot unmarshal ${decoder}`)).toBe(converter));

it("other complaints stay", () => expect(converterWords("strict decoding error")).toBe("strict decoding error"));
