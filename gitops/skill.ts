import { unknownField } from "./conform.ts";
import { type Position, Refusal } from "./finding.ts";
import { readYaml } from "./read-yaml.ts";
import { type Tree, toJson, typeOf } from "./tree.ts";

export interface Skill {
  readonly name: string;
  readonly description: string;
  readonly body: string;
}

const keys = ["name", "description", "license", "compatibility", "metadata", "allowed-tools"];

/**
 * Reads a SKILL.md by the rules of the Agent Skills format: YAML front matter with `name` (1 to 64 of a-z, 0-9 and
 * single hyphens; equal to the folder's name) and `description` (1 to 1024), then the instructions. Throws `Refusal`.
 * `allowed-tools` is only a request there: what an agent may do is written in role.yaml, so it is checked and left out.
 */
export function readSkill(text: string, file: string, folderName: string): Skill {
  const start: Position = { file, line: 1, column: 1 };
  const normal = text.replace(/^\uFEFF/, "").replace(/\r\n/g, "\n");
  const end = /\n---[ \t]*(?:\n|$)/.exec(normal);
  if (!/^---[ \t]*\n/.test(normal) || !end) {
    throw new Refusal({
      at: start,
      message: "a skill begins with YAML between two lines of ---, naming name and description",
    });
  }
  // The opening line stays: YAML reads it as the start of the document, and line numbers stay those of the file.
  const [tree] = readYaml(normal.slice(0, end.index + 1), file);
  if (tree?.kind !== "map")
    throw new Refusal({ at: start, message: "the front matter must be an object with name and description" });
  for (const [key, entry] of tree.entries) {
    if (!keys.includes(key))
      throw new Refusal({ at: entry.at, message: unknownField(key, "the front matter", keys, "strict") });
  }
  const field = (key: string, max: number, required: boolean): string | undefined => {
    const entry = tree.entries.get(key);
    if (!entry) {
      if (required) throw new Refusal({ at: start, message: `the front matter needs ${key}` });
      return undefined;
    }
    return plainText(entry.tree, key, max, entry.at);
  };
  const name = field("name", 64, true)!;
  const at = tree.entries.get("name")!.at;
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) {
    throw new Refusal({
      at,
      message: `name ${JSON.stringify(name)} may only have a-z, 0-9 and single hyphens between them`,
    });
  }
  if (name !== folderName) {
    throw new Refusal({ at, message: `name "${name}" must be the name of its folder, "${folderName}"` });
  }
  const description = field("description", 1024, true)!;
  field("compatibility", 500, false);
  field("license", 1024, false);
  checkMetadata(tree.entries.get("metadata")?.tree);
  checkAllowedTools(tree.entries.get("allowed-tools")?.tree);
  return { name, description, body: normal.slice(end.index + end[0].length).trim() };
}

function plainText(tree: Tree, key: string, max: number, at: Position): string {
  const text = tree.kind === "scalar" && tree.value !== null ? tree.text.trim() : undefined;
  if (text === undefined) throw new Refusal({ at, message: `${key} must be text, not ${typeOf(tree)}` });
  if (text === "") throw new Refusal({ at, message: `${key} must not be empty` });
  const length = [...text].length;
  if (length > max) throw new Refusal({ at, message: `${key} may have at most ${max} characters, not ${length}` });
  return text;
}

function checkMetadata(tree: Tree | undefined): void {
  if (!tree) return;
  if (tree.kind !== "map")
    throw new Refusal({ at: tree.at, message: `metadata must be an object, not ${typeOf(tree)}` });
  for (const [key, entry] of tree.entries) {
    if (entry.tree.kind !== "scalar")
      throw new Refusal({ at: entry.at, message: `metadata.${key} must be text, not ${typeOf(entry.tree)}` });
  }
}

function checkAllowedTools(tree: Tree | undefined): void {
  if (!tree) return;
  const value = toJson(tree);
  const names = Array.isArray(value) ? value : [value];
  if (!names.every((one) => typeof one === "string")) {
    throw new Refusal({ at: tree.at, message: "allowed-tools must be text: names of tools, separated by spaces" });
  }
}
