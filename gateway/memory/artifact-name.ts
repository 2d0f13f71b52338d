import { isObject, type Json } from "../../lib/json.ts";

const extensions = /\.(md|txt|csv|json|yaml|html|xml|svg|ics|eml)$/;

/**
 * The name that an artifact gets. Others read it on the run, so a model may choose only among names that its role mentions
 * (in soul, skills or contract), which say nothing about whom it works for. Any other becomes the first digits of its
 * content's digest, which is shown anyway, with the extension where that is a usual one.
 */
export function artifactName(asked: string, sha256: string, role: Json): string {
  if (mentions(role, asked)) return asked;
  return `artifact-${sha256.slice(0, 12)}${extensions.exec(asked)?.[0] ?? ""}`;
}

function mentions(value: unknown, name: string): boolean {
  if (typeof value === "string") return hasWord(value, name);
  if (Array.isArray(value)) return value.some((item) => mentions(item, name));
  return isObject(value) && Object.values(value).some((member) => mentions(member, name));
}

/** Whether a text has the name by itself and not as a part of a longer one. A full stop after it ends the sentence. */
function hasWord(text: string, name: string): boolean {
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
    const before = text.slice(Math.max(0, at - 1), at);
    const after = text.slice(at + name.length, at + name.length + 2);
    if (!/[\p{L}\p{N}_./-]/u.test(before) && !/^([\p{L}\p{N}_-]|[./][\p{L}\p{N}_])/u.test(after)) return true;
  }
  return false;
}
