import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { problem } from "../../api/reasons.ts";
import { newToken, sha256 } from "../../lib/ids.ts";
import { isObject, parseJson } from "../../lib/json.ts";
import { messageOf } from "../../lib/problem.ts";

/** Servers of examples/office, by the names that ToolServers of the fleet use. */
export const officeServers = ["mail", "calendar", "files"] as const;

/** Who has an office, and the token that opens it. The token goes into a Secret; the office knows its digest only. */
export interface OfficeAccess {
  readonly usersFile: string;
  readonly people: readonly { readonly user: string; readonly secretName: string; readonly token: string }[];
}

/**
 * Prepares the offices: the demo's, written once below `folder`, or those that the user's own file names (the same entries
 * without tokens, paths relative to that file). Tokens are made once and kept. Throws InvalidRequest naming file and entry.
 */
export async function prepareOffice(options: {
  readonly root: string;
  readonly folder: string;
  /** The user's own file. */
  readonly officeUsers?: string;
}): Promise<OfficeAccess> {
  const { root, folder, officeUsers } = options;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const entries = officeUsers === undefined ? await demoEntries(root, folder) : readOwn(officeUsers);
  const tokens = ensureTokens(
    path.join(folder, "tokens.json"),
    entries.map((entry) => entry.user),
  );
  const usersFile = path.join(folder, "users.json");
  replace(
    usersFile,
    entries.map((entry) => ({ ...entry, tokenSha256: sha256(tokens[entry.user] ?? "") })),
  );
  const names = secretNames(entries.map(({ user }) => user));
  const people = entries.map(({ user }, i) => ({ user, secretName: names[i] ?? "", token: tokens[user] ?? "" }));
  return { usersFile, people };
}

type Entry = Readonly<Record<string, unknown>> & { readonly user: string };

/** Written at the first start only: what an agent did to the demo's mailbox is still there after the next. */
async function demoEntries(root: string, folder: string): Promise<readonly Entry[]> {
  const marker = path.join(folder, "demo.json");
  if (existsSync(marker)) return JSON.parse(readFileSync(marker, "utf8")) as Entry[];
  // The office is somebody else's software as far as this program goes: it is run, not linked.
  const script = path.join(root, "examples", "office", "seed-main.ts");
  const args = ["--disable-warning=ExperimentalWarning", script, "--root", path.join(folder, "demo")];
  try {
    const { stdout } = await promisify(execFile)(process.execPath, args, { env: { PATH: process.env.PATH ?? "" } });
    const entries = parseJson(stdout) as unknown as Entry[];
    replace(marker, entries);
    return entries;
  } catch (cause) {
    throw problem("ChildFailed", `the demo's mail could not be written: ${messageOf(cause)}`, { cause });
  }
}

function readOwn(file: string): readonly Entry[] {
  const where = `ROSTER_OFFICE_USERS ("${file}")`;
  let list: unknown;
  try {
    list = parseJson(readFileSync(file, "utf8"));
  } catch (cause) {
    throw problem("InvalidRequest", `${where} cannot be read: ${messageOf(cause)}`, { cause });
  }
  if (!Array.isArray(list) || list.length === 0) throw problem("InvalidRequest", `${where} must hold a list of people`);
  const base = path.dirname(file);
  const seen = new Set<string>();
  return list.map((entry: unknown, i) => {
    const at = `${where}, entry ${i + 1}`;
    if (!isObject(entry) || typeof entry.user !== "string" || entry.user === "")
      throw problem("InvalidRequest", `${at}: user must be text, such as "ana@acme.example"`);
    if (seen.has(entry.user)) throw problem("InvalidRequest", `${at}: "${entry.user}" is there twice`);
    seen.add(entry.user);
    const absolute = (key: string): string => {
      const value = entry[key];
      if (typeof value !== "string" || value === "") throw problem("InvalidRequest", `${at}: ${key} must be a path`);
      const full = path.resolve(base, value);
      if (!existsSync(full)) throw problem("InvalidRequest", `${at}: ${key} "${full}" does not exist`);
      return full;
    };
    const { calendars = [] } = entry;
    if (!Array.isArray(calendars) || !calendars.every((one) => typeof one === "string")) {
      throw problem("InvalidRequest", `${at}: calendars must be a list of .ics files or folders of them`);
    }
    return {
      user: entry.user,
      maildir: absolute("maildir"),
      calendars: calendars.map((one) => path.resolve(base, one as string)),
      files: absolute("files"),
      ...(typeof entry.timeZone === "string" ? { timeZone: entry.timeZone } : {}),
    };
  });
}

function ensureTokens(file: string, users: readonly string[]): Readonly<Record<string, string>> {
  const tokens: Record<string, string> = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
  const missing = users.filter((user) => tokens[user] === undefined);
  for (const user of missing) tokens[user] = newToken("office_").token;
  if (missing.length > 0) replace(file, tokens);
  return tokens;
}

/**
 * `ana@acme.example` → `ana-office`, or `ana-acme-example-office` for each of those who would share a name: in one Secret
 * only the last one's token would be left.
 */
export function secretNames(users: readonly string[]): readonly string[] {
  const short = users.map((user) => toName(user.split("@")[0] ?? user));
  const names = users.map((user, i) =>
    short.indexOf(short[i]!) === short.lastIndexOf(short[i]!) ? short[i]! : toName(user),
  );
  const twice = names.findIndex((name, i) => names.indexOf(name) !== i);
  if (twice < 0) return names;
  const [one, other] = [users[names.indexOf(names[twice]!)], users[twice]];
  throw problem(
    "InvalidRequest",
    `"${one}" and "${other}" would share the Secret "${names[twice]}"; rename one of the two`,
  );
}

function toName(text: string): string {
  const name = text
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, "-")
    .replace(/^-+|-+$/g, "");
  return `${name.slice(0, 200) || "user"}-office`;
}

function replace(file: string, value: unknown): void {
  writeFileSync(`${file}.next`, JSON.stringify(value, null, 2), { mode: 0o600 });
  renameSync(`${file}.next`, file);
}
