import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";
import { outputs } from "../../scripts/generate/outputs.ts";
import { typesOf } from "../../scripts/generate/types.ts";
import { root } from "./sources.ts";

it("what is generated is current: run `npm run generate` and commit", async () => {
  const files = await outputs(root);
  const isStale = (file: string, text: string) =>
    !existsSync(path.join(root, file)) || readFileSync(path.join(root, file), "utf8") !== text;
  expect([...files].filter(([file, text]) => isStale(file, text)).map(([file]) => file)).toEqual([]);
  const types = readdirSync(path.join(root, "api/generated")).map((file) => `api/generated/${file}`);
  expect(types.filter((file) => !files.has(file))).toEqual([]);
});

it("a schema becomes exact types: required, unions, maps, nested lists, untyped objects", () => {
  const { file, text } = typesOf({
    file: "thing.yaml",
    kind: "AgentThing",
    plural: "agentthings",
    shortNames: [],
    categories: [],
    scope: "Namespaced",
    columns: [],
    selectable: [],
    schema: {
      type: "object",
      description: "A thing.",
      properties: {
        spec: {
          type: "object",
          required: ["mode"],
          properties: {
            mode: { type: "string", enum: ["On", "Off"], description: "How */ it is.", default: "On" },
            sizes: { type: "object", additionalProperties: { type: "integer" } },
            entries: { type: "array", items: { type: "object", properties: { id: { type: "string" } } } },
            levels: { type: "array", items: { type: "string", enum: ["A", "B"] } },
            free: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
            all: { type: "object" },
          },
        },
      },
    },
  });
  expect(file).toBe("agent-thing.ts");
  for (const line of [
    "export interface AgentThing extends Resource {",
    "  readonly spec: AgentThingSpec;",
    '  /** How *\\/ it is. Defaults to "On". */\n  readonly mode: "On" | "Off";',
    "  readonly sizes?: Readonly<Record<string, number>>;",
    "  readonly entries?: readonly AgentThingEntry[];",
    "export interface AgentThingEntry {\n  readonly id?: string;",
    '  readonly levels?: readonly ("A" | "B")[];',
    "  readonly free?: JsonObject;",
    "  readonly all?: Readonly<Record<string, never>>;",
  ]) {
    expect(text).toContain(line);
  }
});
