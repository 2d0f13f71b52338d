import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { reasons } from "../../api/reasons.ts";
import { root, sources } from "./sources.ts";

interface Page {
  readonly file: string;
  readonly text: string;
}

const below = readdirSync(path.join(root, "docs"), { recursive: true, encoding: "utf8" });
const pages: readonly Page[] = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", ...below.map((name) => `docs/${name}`)]
  .filter((file) => file.endsWith(".md"))
  .map((file) => ({ file, text: readFileSync(path.join(root, file), "utf8") }));

/** What a page tells people to type or read as a command: blocks of code and code in a sentence. */
function codeOf({ text }: Page): readonly string[] {
  const blocks = [...text.matchAll(/^```(?:sh|console)\n(.*?)^```/gms)].map(([, block = ""]) => block);
  const spans = [...text.replace(/^```.*?^```/gms, "").matchAll(/`([^`\n]+)`/g)].map(([, span = ""]) => span);
  return [...blocks, ...spans];
}

const matches = (texts: readonly string[], pattern: RegExp) =>
  texts.flatMap((text) => [...text.matchAll(pattern)].map(([, found = ""]) => found));

/** The anchors that a page offers, as GitHub makes them from headings, and those written as such. */
function anchorsOf(text: string): ReadonlySet<string> {
  const headings = matches([text], /^#+ (.*)$/gm).map((title) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
  return new Set([...headings, ...matches([text], /<a id="([^"]+)"/g)]);
}

describe("documentation", () => {
  it("links lead to files, folders and headings that exist", () => {
    const broken = pages.flatMap(({ file, text }) =>
      matches([text], /\]\(([^)\s]+)\)/g)
        .filter((link) => !/^https?:/.test(link))
        .filter((link) => {
          const [to = "", anchor] = link.split("#");
          const target = to === "" ? file : path.posix.join(path.posix.dirname(file), to);
          if (!existsSync(path.join(root, target))) return true;
          if (anchor === undefined) return false;
          const at = path.join(root, target);
          return statSync(at).isDirectory() || !anchorsOf(readFileSync(at, "utf8")).has(anchor);
        })
        .map((link) => `${file}: ${link}`),
    );
    expect(broken).toEqual([]);
  });

  it("the index leads to every page but the decisions, which have a folder of their own", () => {
    const index = readFileSync(path.join(root, "docs", "README.md"), "utf8");
    const linked = new Set(matches([index], /\]\(([^)\s#]+)\)/g).map((link) => path.posix.join("docs", link)));
    const missing = pages
      .map(({ file }) => file)
      .filter((file) => file.startsWith("docs/") && file !== "docs/README.md" && !file.startsWith("docs/decisions/"));
    expect(missing.filter((file) => !linked.has(file))).toEqual([]);
  });

  it("each roster command that pages and hints name exists", () => {
    const commands = sources
      .filter(({ file }) => file.startsWith("cli/commands/"))
      .flatMap(({ code }) => matches([code], /new Command\("([a-z]+)"\)/g));
    const named = [
      ...pages.map((page) => ({ where: page.file, texts: codeOf(page) })),
      ...Object.entries(reasons).map(([reason, { hint }]) => ({ where: reason, texts: matches([hint], /`([^`]+)`/g) })),
    ].flatMap(({ where, texts }) =>
      matches(texts, /(?:^|[\s|])roster (?:-- )?([a-z][a-z-]*)/g).map((name) => `${where}: roster ${name}`),
    );
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((one) => !commands.includes(one.split(" ").at(-1) ?? ""))).toEqual([]);
  });

  it("each resource that pages and hints name to kubectl exists", () => {
    const ours = readdirSync(path.join(root, "crds")).flatMap((name) => {
      const crd = parse(readFileSync(path.join(root, "crds", name), "utf8"));
      if (crd.kind !== "CustomResourceDefinition") return [];
      const { plural, singular, shortNames = [], categories = [] } = crd.spec.names;
      return [plural, singular, ...shortNames, ...categories] as string[];
    });
    const known = new Set([...ours, "events", "configmap", "secret", "namespace"]);
    const named = [
      ...pages.map((page) => ({ where: page.file, texts: codeOf(page) })),
      ...Object.entries(reasons).map(([reason, { hint }]) => ({ where: reason, texts: matches([hint], /`([^`]+)`/g) })),
    ].flatMap(({ where, texts }) =>
      matches(
        texts,
        /kubectl (?:--context \S+ )?(?:get|describe|delete|explain|wait|patch|edit) ([a-z][a-z,]*)/g,
      ).flatMap((names) => names.split(",").map((name) => ({ where, name }))),
    );
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter(({ name }) => !known.has(name))).toEqual([]);
  });

  it("the page of settings has every variable that a program of ours reads, and no other", () => {
    const pattern = /\b((?:ROSTER_[A-Z_]+|DATABASE_URL|NO_COLOR))\b/g;
    const planes = new Set(["cli", "runtime", "gateway", "controller", "ledger"]);
    const read = sources
      .filter(({ folder, isTest }) => planes.has(folder) && !isTest)
      .flatMap(({ code }) => matches([code], pattern));
    const page = readFileSync(path.join(root, "docs", "reference", "settings.md"), "utf8");
    expect([...new Set(matches([page], pattern))].sort()).toEqual([...new Set(read)].sort());
  });
});
