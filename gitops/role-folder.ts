import type { Dirent } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { messageOf } from "../lib/problem.ts";
import { type Finding, Refusal } from "./finding.ts";
import { readYaml } from "./read-yaml.ts";
import { readSkill, type Skill } from "./skill.ts";
import { didYouMean } from "./suggest.ts";
import type { MapTree } from "./tree.ts";

/** What a role folder holds, read and bounded, before it becomes an AgentRole. */
export interface RoleFolder {
  readonly roleYaml: MapTree;
  readonly soul?: string;
  readonly skills: readonly Skill[];
  readonly scripts: readonly { readonly name: string; readonly source: string }[];
  readonly memorySeed: readonly { readonly path: string; readonly content: string }[];
}

/** Kubernetes keeps an object in one row: beyond this, content belongs into ConfigMaps named by `contentFrom`. */
export const maxInlineBytes = 131_072;

const members = ["role.yaml", "SOUL.md", "skills", "scripts", "memory", "evals", "rehearsal.yaml"];

/** Files that editors and systems leave about, which are nobody's content. */
export function isByTheWay(name: string): boolean {
  return /^[.#]|~$|\.(swp|swx|tmp|bak|orig)$|^(README|LICENSE|CHANGELOG)(\.\w+)?$|^4913$/.test(name);
}

/**
 * Reads roles/<x>/{role.yaml, SOUL.md, skills/, scripts/, memory/}; `evals` and `rehearsal.yaml` are for others.
 * `base` is the folder that file names in messages are relative to. Throws `Refusal` with everything that is wrong.
 */
export async function readRoleFolder(folder: string, base: string): Promise<RoleFolder> {
  const shown = (...parts: string[]) =>
    path
      .relative(base, path.join(folder, ...parts))
      .split(path.sep)
      .join("/");
  const findings: Finding[] = [];
  let bytes = 0;

  async function text(...parts: string[]): Promise<string> {
    const raw = await readFile(path.join(folder, ...parts));
    bytes += raw.byteLength;
    const at = { file: shown(...parts), line: 1, column: 1 };
    if (raw.includes(0)) throw new Refusal({ at, message: "is not text" });
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(raw);
    } catch {
      throw new Refusal({ at, message: "is not valid UTF-8" });
    }
  }
  async function collect<T>(read: () => Promise<T>): Promise<T | undefined> {
    try {
      return await read();
    } catch (thrown) {
      if (!(thrown instanceof Refusal)) throw thrown;
      findings.push(...thrown.findings);
      return undefined;
    }
  }
  const refuse = (message: string, ...parts: string[]) =>
    findings.push({ at: { file: shown(...parts), line: 1, column: 1 }, message });

  const entries = await list(folder, shown());
  for (const { name } of entries) {
    if (!members.includes(name)) refuse(`is not part of a role folder${didYouMean(name, members)}`, name);
  }
  const has = (name: string) => entries.some((entry) => entry.name === name);

  const roleYaml = has("role.yaml")
    ? await collect(async () => {
        const raw = await text("role.yaml");
        bytes -= Buffer.byteLength(raw);
        return oneMap(raw, shown("role.yaml"));
      })
    : undefined;
  if (!has("role.yaml")) refuse("a role folder needs a role.yaml", "role.yaml");
  const soul = has("SOUL.md") ? await collect(() => text("SOUL.md")) : undefined;

  const skills: Skill[] = [];
  for (const entry of has("skills") ? await list(path.join(folder, "skills"), shown("skills")) : []) {
    const inside = entry.isDirectory()
      ? await list(path.join(folder, "skills", entry.name), shown("skills", entry.name))
      : [];
    if (!inside.some((file) => file.name === "SKILL.md")) {
      refuse("a skill is a folder with a SKILL.md", "skills", entry.name);
      continue;
    }
    for (const { name } of inside) {
      if (name !== "SKILL.md")
        refuse("only SKILL.md of a skill is rendered; put what it needs into it", "skills", entry.name, name);
    }
    const file = ["skills", entry.name, "SKILL.md"];
    const skill = await collect(async () => readSkill(await text(...file), shown(...file), entry.name));
    if (skill) skills.push(skill);
  }

  const scripts: { name: string; source: string }[] = [];
  for (const entry of has("scripts") ? await list(path.join(folder, "scripts"), shown("scripts")) : []) {
    if (!entry.isFile() || !entry.name.endsWith(".js")) refuse("a script is a file named *.js", "scripts", entry.name);
    else {
      const source = await collect(() => text("scripts", entry.name));
      if (source !== undefined) scripts.push({ name: entry.name.slice(0, -".js".length), source });
    }
  }

  const memorySeed: { path: string; content: string }[] = [];
  async function readMemory(...below: string[]): Promise<void> {
    for (const entry of await list(path.join(folder, "memory", ...below), shown("memory", ...below))) {
      if (entry.isDirectory()) await readMemory(...below, entry.name);
      else {
        const content = await collect(() => text("memory", ...below, entry.name));
        if (content !== undefined) memorySeed.push({ path: [...below, entry.name].join("/"), content });
      }
    }
  }
  if (has("memory")) await readMemory();

  if (bytes > maxInlineBytes) {
    refuse(
      `its texts have ${bytes} bytes; at most ${maxInlineBytes} fit into the AgentRole. Move some into ConfigMaps and name them in contentFrom`,
    );
  }
  if (findings.length > 0 || !roleYaml) throw new Refusal(...findings);
  return { roleYaml, ...(soul === undefined ? {} : { soul }), skills, scripts, memorySeed };
}

function oneMap(text: string, file: string): MapTree {
  const trees = readYaml(text, file);
  const [tree] = trees;
  const at = trees[1]?.at ?? tree?.at ?? { file, line: 1, column: 1 };
  if (trees.length > 1) throw new Refusal({ at, message: "role.yaml holds one document; this is a second one" });
  if (tree?.kind !== "map")
    throw new Refusal({ at, message: "role.yaml must be an object that begins with `role: <name>`" });
  return tree;
}

/** The folder's entries by name. Symbolic links are followed by nobody: they count as neither file nor folder. */
async function list(folder: string, shown: string): Promise<readonly Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter((entry) => !isByTheWay(entry.name)).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (thrown) {
    throw new Refusal({ at: { file: shown, line: 1, column: 1 }, message: `cannot be read: ${messageOf(thrown)}` });
  }
}
