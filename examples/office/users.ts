import { timingSafeEqual } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import { sha256 } from "../../lib/ids.ts";
import { isObject, parseJson } from "../../lib/json.ts";
import { messageOf, Problem } from "../../lib/problem.ts";

/** One person's office: whose token opens which folders. */
export interface OfficeUser {
  readonly user: string;
  readonly tokenSha256: string;
  /** A Maildir with cur, new and tmp; sub-folders by Maildir++ (`.Sent`, `.Drafts`). */
  readonly maildir: string;
  /** `.ics` files, or folders of them. */
  readonly calendars: readonly string[];
  readonly files: string;
  readonly timeZone: string;
}

/** Finds people by their tokens in a users file, which may be edited while the server runs. */
export interface Doorkeeper {
  /** The person whose token this is. Looks at every person, so that time tells nothing. */
  admit(token: string): Promise<OfficeUser | undefined>;
}

/** Opens the users file; paths in it are relative to `root`. Throws InvalidRequest naming entry and field. */
export async function openUsers(file: string, root: string): Promise<Doorkeeper> {
  let known = await load(file, root);
  return {
    async admit(token) {
      const stamp = await stampOf(file);
      // A file that is half written stays without effect: the people known before keep their doors.
      if (stamp !== known.stamp) known = await load(file, root).catch(() => known);
      const given = Buffer.from(sha256(token), "hex");
      let found: OfficeUser | undefined;
      for (const user of known.users) {
        if (timingSafeEqual(given, Buffer.from(user.tokenSha256, "hex"))) found = user;
      }
      return found;
    },
  };
}

interface Known {
  readonly stamp: string;
  readonly users: readonly OfficeUser[];
}

async function load(file: string, root: string): Promise<Known> {
  const stamp = await stampOf(file);
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    throw new Problem("InvalidRequest", `cannot read the users file "${file}": ${messageOf(cause)}`, { cause });
  }
  const list = parseJson(text);
  if (!Array.isArray(list)) throw new Problem("InvalidRequest", `the users file "${file}" must hold a list`);
  const users = list.map((entry, index) => toUser(entry, `entry ${index + 1} of "${file}"`, root));
  if (new Set(users.map((user) => user.tokenSha256)).size < users.length) {
    throw new Problem("InvalidRequest", `two people of "${file}" have the same token: one would read the other's mail`);
  }
  return { stamp, users };
}

async function stampOf(file: string): Promise<string> {
  const found = await stat(file).catch(() => undefined);
  return found ? `${found.mtimeMs} ${found.size} ${found.ino}` : "gone";
}

function toUser(entry: unknown, at: string, root: string): OfficeUser {
  if (!isObject(entry)) throw new Problem("InvalidRequest", `${at} must be an object`);
  const text = (key: string): string => {
    const value = entry[key];
    if (typeof value !== "string" || value === "") throw new Problem("InvalidRequest", `${at}: ${key} must be text`);
    return value;
  };
  const tokenSha256 = text("tokenSha256").toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(tokenSha256)) {
    throw new Problem("InvalidRequest", `${at}: tokenSha256 must be 64 hexadecimal digits`);
  }
  const timeZone = typeof entry.timeZone === "string" ? entry.timeZone : "UTC";
  try {
    new Intl.DateTimeFormat("en", { timeZone });
  } catch {
    throw new Problem("InvalidRequest", `${at}: timeZone "${timeZone}" is not an IANA zone`);
  }
  const calendars = entry.calendars;
  if (!Array.isArray(calendars) || !calendars.every((one): one is string => typeof one === "string" && one !== "")) {
    throw new Problem("InvalidRequest", `${at}: calendars must be a list of paths`);
  }
  return {
    user: text("user"),
    tokenSha256,
    maildir: path.resolve(root, text("maildir")),
    calendars: calendars.map((one) => path.resolve(root, one)),
    files: path.resolve(root, text("files")),
    timeZone,
  };
}
