import { type Definition, kebab, type Schema } from "./schema.ts";

/** The TypeScript of one kind: an interface per object of its schema, named by the path that leads to it. */
export function typesOf(definition: Definition): { readonly file: string; readonly text: string } {
  const writer = new Interfaces(definition.kind);
  const { spec, status } = definition.schema.properties ?? {};
  writer.add(`${definition.kind}Spec`, definition.kind, spec ?? {});
  if (status) writer.add(`${definition.kind}Status`, `${definition.kind}Status`, status);
  const body = writer.text();
  const imports = [
    body.includes("JsonObject") ? 'import type { JsonObject } from "../../lib/json.ts";' : "",
    `import type { ${body.includes("Condition[]") ? "Condition, " : ""}Resource } from "../resource.ts";`,
  ].filter((line) => line !== "");
  return {
    file: `${kebab(definition.kind)}.ts`,
    text: [
      `// Generated from crds/${definition.file} by scripts/generate.ts. Edit that file and run \`npm run generate\`.`,
      ...imports,
      "",
      `${doc(definition.schema.description, "")}export interface ${definition.kind} extends Resource {`,
      `  readonly spec: ${definition.kind}Spec;`,
      ...(status ? [`  readonly status?: ${definition.kind}Status;`] : []),
      "}",
      "",
      body,
    ].join("\n"),
  };
}

class Interfaces {
  readonly #kind: string;
  readonly #done: string[] = [];

  constructor(kind: string) {
    this.#kind = kind;
  }

  text(): string {
    return this.#done.join("\n");
  }

  /** Writes the interface `name`; objects below it get names that begin with `prefix`. */
  add(name: string, prefix: string, schema: Schema): void {
    const at = this.#done.push("") - 1;
    const lines = Object.entries(schema.properties ?? {}).map(([key, field]) => {
      const optional = schema.required?.includes(key) ? "" : "?";
      return `${doc(field.description, "  ", field)}  readonly ${key}${optional}: ${this.#typeOf(field, prefix + pascal(key))};\n`;
    });
    this.#done[at] = `${doc(schema.description, "")}export interface ${name} {\n${lines.join("")}}\n`;
  }

  #typeOf(schema: Schema, name: string): string {
    if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
    if (schema.type === "string") return "string";
    if (schema.type === "integer" || schema.type === "number") return "number";
    if (schema.type === "boolean") return "boolean";
    if (schema.type === "array") {
      if (name.endsWith("Conditions")) return "readonly Condition[]";
      const item = this.#typeOf(schema.items ?? {}, singular(name));
      return item.includes("|") ? `readonly (${item})[]` : `readonly ${item}[]`;
    }
    if (schema.additionalProperties) {
      return `Readonly<Record<string, ${this.#typeOf(schema.additionalProperties, singular(name))}>>`;
    }
    if (schema["x-kubernetes-preserve-unknown-fields"]) return "JsonObject";
    if (!schema.properties) return "Readonly<Record<string, never>>";
    if (name === this.#kind) throw new Error(`${name} would be written twice`);
    this.add(name, name, schema);
    return name;
  }
}

function doc(description: string | undefined, indent: string, field: Schema = {}): string {
  const notes = [description ?? ""];
  if (field.default !== undefined) notes.push(`Defaults to ${JSON.stringify(field.default)}.`);
  const text = notes.join(" ").trim().replaceAll("*/", "*\\/");
  return text === "" ? "" : `${indent}/** ${text} */\n`;
}

function pascal(key: string): string {
  return key.charAt(0).toUpperCase() + key.slice(1);
}

function singular(name: string): string {
  if (name.endsWith("ies")) return `${name.slice(0, -3)}y`;
  return name.endsWith("s") ? name.slice(0, -1) : `${name}Item`;
}
