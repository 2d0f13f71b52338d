import { randomBytes } from "node:crypto";

/** What a person's canary is hidden in. Each has its own, so that a leak says where it came from. */
export type Source = "mail" | "calendar" | "file" | "memory";

/** One leak: in which of our writings of the canary, and what stands around it. */
export interface Found {
  readonly encoding: string;
  readonly around: string;
}

/** The canaries of one test run: words that nobody has ever written, so that any of them is a leak. */
export interface Canaries {
  /** The canary of person `index` in one place. */
  of(index: number, source: Source): string;
  /** The canaries in a text, as they stand: `<person>/<source>`. */
  in(text: string): ReadonlySet<string>;
  /** Every writing of any canary in what may hold none: text or raw bytes. */
  hunt(where: string | Uint8Array): readonly Found[];
}

const letters: Readonly<Record<Source, string>> = { mail: "m", calendar: "c", file: "f", memory: "r" };
const sources = Object.fromEntries(Object.entries(letters).map(([source, letter]) => [letter, source]));
const alphabet = "bcdfghjklmnpqrstvwxz";

/**
 * Makes canaries: `<marker><person><source>`. The marker is random for each run of the test and the same for all, so that
 * one search finds the canary of anybody in every encoding that a plane might write it in.
 */
export function makeCanaries(): Canaries {
  const marker = [...randomBytes(14)].map((byte) => alphabet[byte % alphabet.length]).join("");
  const plain = new RegExp(`${marker}(\\d{3})([${Object.values(letters).join("")}])`, "g");
  const needles = writingsOf(marker);
  return {
    of: (index, source) => `${marker}${String(index).padStart(3, "0")}${letters[source]}`,
    in: (text) => new Set([...text.matchAll(plain)].map((match) => `${Number(match[1])}/${sources[match[2] ?? ""]}`)),
    hunt(where) {
      // Latin-1 keeps bytes one to one.
      const text =
        typeof where === "string"
          ? where
          : Buffer.from(where.buffer, where.byteOffset, where.length).toString("latin1");
      const lower = text.toLowerCase();
      // A soft line break or a folding cuts a word in two; what is no text has neither.
      const joined = text.includes("\0") ? "" : lower.replace(/=\r?\n|\r?\n[ \t]/g, "");
      return needles.flatMap(({ encoding, needle, anyCase }) => {
        const found = (anyCase ? [lower, joined] : [text]).flatMap((one) => {
          const at = one.indexOf(needle);
          return at < 0 ? [] : [one.slice(Math.max(0, at - 120), at + needle.length + 60)];
        });
        return found.slice(0, 1).map((around) => ({ encoding, around }));
      });
    },
  };
}

interface Writing {
  readonly encoding: string;
  readonly needle: string;
  readonly anyCase: boolean;
}

/** The ways in which a marker of lower-case letters may be written. JSON and quoted-printable leave letters alone unless they want not to. */
function writingsOf(marker: string): readonly Writing[] {
  const each = (write: (letter: string) => string) => [...marker].map(write).join("");
  const hex = (letter: string) => letter.charCodeAt(0).toString(16);
  // Base64 of a word depends on where it begins; what its neighbours decide about is cut off.
  const base64 = [0, 1, 2].map((before) => {
    const text = Buffer.from("\0".repeat(before) + marker).toString("base64");
    const from = before === 0 ? 0 : before + 1;
    return text.slice(from, Math.floor((before + marker.length) / 3) * 4);
  });
  return [
    { encoding: "plain", needle: marker, anyCase: true },
    { encoding: "hex", needle: each(hex), anyCase: true },
    { encoding: "quoted-printable", needle: each((letter) => `=${hex(letter)}`), anyCase: true },
    { encoding: "percent", needle: each((letter) => `%${hex(letter)}`), anyCase: true },
    { encoding: "JSON escapes", needle: each((letter) => `\\u00${hex(letter)}`), anyCase: true },
    { encoding: "UTF-16", needle: each((letter) => `${letter}\0`).slice(0, -1), anyCase: true },
    ...base64.map((needle) => ({ encoding: "base64", needle, anyCase: false })),
    ...base64.map((needle) => ({
      encoding: "base64url",
      needle: needle.replace(/\+/g, "-").replace(/\//g, "_"),
      anyCase: false,
    })),
    // Bytes that a database prints as hex of what was base64 before.
    ...base64.map((needle) => ({
      encoding: "hex of base64",
      needle: Buffer.from(needle).toString("hex"),
      anyCase: true,
    })),
  ];
}
