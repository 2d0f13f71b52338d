import { z } from "zod";
import { toRfc3339 } from "../../../lib/clock.ts";
import { Problem } from "../../../lib/problem.ts";
import { defineTool, type Tool } from "../tool.ts";
import { Folder } from "./folder.ts";

const readBytes = 32_768;
const searchedFiles = 2000;
const searchedBytes = 1_000_000;

const pathOf = z.string().max(1000).describe("Path relative to the folder, such as notes/plan.md");

/** Reads one folder of files. There are no writes. */
export const fileTools: readonly Tool[] = [
  defineTool({
    name: "list",
    description: "Lists one folder of your files, by name.",
    effect: "Read",
    input: { path: pathOf.default("").describe("Folder to list; empty for the top") },
    async run({ path }, { user }) {
      const entries = await new Folder(user.files).list(path);
      return {
        entries: entries.slice(0, 500).map((entry) => ({ ...entry, modified: toRfc3339(entry.modified) })),
        truncated: entries.length > 500,
      };
    },
  }),
  defineTool({
    name: "read",
    description: "Reads a text file, 32 KB at a time. Continue with next_offset.",
    effect: "Read",
    input: { path: pathOf, offset: z.number().int().min(0).default(0).describe("Byte to begin at") },
    async run({ path, offset }, { user }) {
      const { bytes, size } = await new Folder(user.files).read(path, offset, readBytes);
      if (isBinary(bytes)) throw new Problem("InvalidRequest", `"${path}" is not a text file`);
      const end = offset + bytes.length;
      const text = new TextDecoder("utf-8").decode(wholeCharacters(bytes, end < size));
      return { path, bytes: size, text, ...(end < size ? { next_offset: offset + Buffer.byteLength(text) } : {}) };
    },
  }),
  defineTool({
    name: "search",
    description: "Finds files whose name or text has the given words (all of them, in any case).",
    effect: "Read",
    input: {
      query: z.string().min(1).max(200),
      limit: z.number().int().min(1).max(50).default(20),
    },
    async run({ query, limit }, { user }) {
      const folder = new Folder(user.files);
      const words = query.toLowerCase().split(/\s+/).filter(Boolean);
      const found: { path: string; line: string }[] = [];
      for await (const entry of folder.walk(searchedFiles)) {
        const { bytes } = await folder.read(entry.path, 0, searchedBytes).catch(() => ({ bytes: Buffer.alloc(0) }));
        const text = isBinary(bytes) ? "" : bytes.toString("utf8");
        const all = `${entry.path}\n${text}`.toLowerCase();
        if (!words.every((word) => all.includes(word))) continue;
        const line = text.split("\n").find((one) => words.some((word) => one.toLowerCase().includes(word))) ?? "";
        found.push({ path: entry.path, line: line.trim().slice(0, 300) });
        if (found.length >= limit) break;
      }
      return { found };
    },
  }),
];

function isBinary(bytes: Uint8Array): boolean {
  return bytes.subarray(0, 8192).includes(0);
}

// A page may end inside a character; its bytes go to the next page.
function wholeCharacters(bytes: Buffer, more: boolean): Buffer {
  if (!more) return bytes;
  let end = bytes.length;
  for (let back = 1; back <= 4 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const needs = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    if (needs > back) end = bytes.length - back;
    break;
  }
  return bytes.subarray(0, end);
}
