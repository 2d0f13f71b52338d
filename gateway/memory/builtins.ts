import type { ToolDescriptor } from "../../api/wire.ts";
import type { JsonObject } from "../../lib/json.ts";

const object = (properties: JsonObject, required: readonly string[]): JsonObject => ({
  type: "object",
  properties,
  required,
  additionalProperties: false,
});

const path = {
  type: "string",
  description: "Path of the document, such as preferences.md",
  minLength: 1,
  maxLength: 200,
  pattern: "^[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*$",
} as const satisfies JsonObject;

/** Largest document and artifact. */
export const maxDocumentChars = 200_000;

/** Actions that the gateway serves itself, for the run's own binding only. They have reserved server names. */
export const builtins: readonly ToolDescriptor[] = [
  {
    action: "memory.list",
    description: "Lists the documents of your working memory with their versions.",
    effect: "Read",
    inputSchema: object({}, []),
  },
  {
    action: "memory.read",
    description: "Reads one document of your working memory.",
    effect: "Read",
    inputSchema: object({ path }, ["path"]),
  },
  {
    action: "memory.write",
    description:
      "Writes one document of your working memory as a whole. `version` is the version that you read; 0 for a new document.",
    effect: "Write",
    inputSchema: object(
      { path, content: { type: "string", maxLength: maxDocumentChars }, version: { type: "integer", minimum: 0 } },
      ["path", "content", "version"],
    ),
  },
  {
    action: "artifact.write",
    description:
      "Leaves a file as a result of this run, such as a report. Others see its name: one that your instructions do not mention is replaced by a number.",
    effect: "Write",
    inputSchema: object(
      {
        name: { ...path, description: "Name of the file, such as snapshot.md" },
        content: { type: "string", maxLength: maxDocumentChars },
      },
      ["name", "content"],
    ),
  },
  {
    action: "skill.read",
    description: "Reads the instructions of one of your skills.",
    effect: "Read",
    inputSchema: object({ name: { type: "string", minLength: 1, maxLength: 64 } }, ["name"]),
  },
];

/** Finds a builtin by its action. */
export function findBuiltin(action: string): ToolDescriptor | undefined {
  return builtins.find((tool) => tool.action === action);
}
