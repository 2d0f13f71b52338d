import { parse } from "yaml";
import type { AgentRoleSpec } from "../../api/generated/agent-role.ts";
import { problem } from "../../api/reasons.ts";
import type { Json, JsonObject } from "../../lib/json.ts";
import { digest, isObject } from "../../lib/json.ts";

/** The keys of one ConfigMap that `contentFrom` names. */
export interface Content {
  readonly name: string;
  readonly data: Readonly<Record<string, string>>;
}

export interface Resolved {
  /** The spec with everything that `contentFrom` adds folded in; what a revision pins. */
  readonly spec: AgentRoleSpec;
  /** SHA-256 over its canonical JSON. Annotations (the source map) are no part of it. */
  readonly revision: string;
}

// The same bound as inline content, so that moving text to a ConfigMap is no way around it.
const maxBytes = 1_048_576;

/**
 * Folds ConfigMaps into a role: `SOUL.md` is the soul, `skills.<name>`, `scripts.<name>` and `memory.<path>` add
 * entries. What the role says inline wins; of two ConfigMaps the later one. Throws InvalidManifest for a key that means
 * nothing (a misspelt one must be seen) or a skill without description.
 */
export function resolveContent(spec: AgentRoleSpec, contents: readonly Content[]): Resolved {
  const { contentFrom: _, ...inline } = spec;
  if (contents.length === 0) return { spec: inline, revision: digest(inline) };
  const skills = new Map<string, NonNullable<AgentRoleSpec["skills"]>[number]>();
  const scripts = new Map<string, NonNullable<AgentRoleSpec["scripts"]>[number]>();
  const memory = new Map<string, NonNullable<AgentRoleSpec["memorySeed"]>[number]>();
  let soul: string | undefined;
  let bytes = 0;
  for (const { name, data } of contents) {
    for (const [key, value] of Object.entries(data)) {
      bytes += Buffer.byteLength(value);
      const [kind, rest] = split(key);
      if (key === "SOUL.md") soul = value;
      else if (kind === "skills") skills.set(rest, toSkill(rest, value, name));
      else if (kind === "scripts") scripts.set(rest, { name: rest, source: value });
      else if (kind === "memory") memory.set(rest, { path: rest, content: value });
      else
        throw problem(
          "InvalidManifest",
          `ConfigMap "${name}" has the key "${key}", which is none of SOUL.md, skills.<name>, scripts.<name> and memory.<path>`,
        );
    }
  }
  if (bytes > maxBytes)
    throw problem("InvalidManifest", `the ConfigMaps of contentFrom hold more than ${maxBytes} bytes`);
  for (const skill of inline.skills ?? []) skills.set(skill.name, skill);
  for (const script of inline.scripts ?? []) scripts.set(script.name, script);
  for (const seed of inline.memorySeed ?? []) memory.set(seed.path, seed);
  const resolved: AgentRoleSpec = {
    ...inline,
    ...(inline.soul === undefined && soul !== undefined ? { soul } : {}),
    ...(skills.size === 0 ? {} : { skills: sorted(skills) }),
    ...(scripts.size === 0 ? {} : { scripts: sorted(scripts) }),
    ...(memory.size === 0 ? {} : { memorySeed: sorted(memory) }),
  };
  return { spec: resolved, revision: digest(resolved) };
}

function split(key: string): readonly [string, string] {
  const dot = key.indexOf(".");
  return dot <= 0 ? [key, ""] : [key.slice(0, dot), key.slice(dot + 1)];
}

function sorted<T>(entries: ReadonlyMap<string, T>): readonly T[] {
  return [...entries].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
}

/** Reads a SKILL.md: `name` and `description` from its front matter, the rest is the body. */
function toSkill(key: string, text: string, configMap: string) {
  const name = key.replace(/\.md$/, "");
  const front = /^---\r?\n([\s\S]*?)\r?\n---\r?\n?/.exec(text);
  const fields = front ? readFrontMatter(front[1]!) : {};
  const description = typeof fields.description === "string" ? fields.description.trim() : "";
  if (!description) {
    throw problem(
      "InvalidManifest",
      `ConfigMap "${configMap}": skill "${name}" has no description in its front matter`,
    );
  }
  return { name, description, body: text.slice(front![0].length) };
}

function readFrontMatter(text: string): Record<string, unknown> {
  try {
    const value: unknown = parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

/** The `roster.dev/source-map` annotation: rule → file:line. Anything else than a map of strings reads as empty. */
export function readSourceMap(
  annotations: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  try {
    const value: unknown = JSON.parse(annotations?.["roster.dev/source-map"] ?? "{}");
    if (!isObject(value)) return {};
    return Object.fromEntries(
      Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
    );
  } catch {
    return {};
  }
}

/** A spec as JSON for the ledger. */
export function toContent(spec: AgentRoleSpec): JsonObject {
  return spec as unknown as { readonly [key: string]: Json };
}
