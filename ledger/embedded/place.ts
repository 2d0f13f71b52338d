import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { problem } from "../../api/reasons.ts";
import { newToken, sha256 } from "../../lib/ids.ts";

/** Where a cluster of Postgres lives, as `.roster/postgres.json` remembers it. Holds a password: mode 0600. */
export interface Place {
  readonly home: string;
  /** Ours alone: data, sockets and, where needed, a copy of the binaries. */
  readonly state: string;
  readonly data: string;
  /** Folder of the unix socket; absent where only TCP on the loopback works. */
  readonly sockets?: string;
  readonly native: string;
  readonly password: string;
  /** Root may not run Postgres, so root runs it as this user. */
  readonly runAs?: { readonly uid: number; readonly gid: number };
}

/** Longest path of a unix socket: 107 bytes on Linux, 103 on macOS. `/.s.PGSQL.5432` takes 14 of them. */
const longestFolder = (process.platform === "darwin" ? 103 : 107) - "/.s.PGSQL.5432".length;
const marker = "roster-postgres.json";

export function recordPath(home: string): string {
  return join(home, "postgres.json");
}

/** Reads what an earlier start remembered. */
export function readRecord(home: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(readFileSync(recordPath(home), "utf8")) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** Replaces the record in one step, so that a crash leaves the old or the new one. */
export function writeRecord(home: string, record: object): void {
  const next = `${recordPath(home)}.new`;
  writeFileSync(next, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
  renameSync(next, recordPath(home));
}

/**
 * Chooses the folders for the cluster of `home`, the same ones at each start, and makes them. As root everything goes to
 * where the user `nobody` can reach it: inside `home` if that is possible, else under /var/lib or /var/tmp.
 */
export function preparePlace(home: string, packaged: string): Place {
  mkdirSync(home, { recursive: true });
  const root = resolve(home);
  const record = readRecord(root);
  const runAs = process.getuid?.() === 0 ? nobody() : undefined;
  const password = typeof record?.password === "string" ? record.password : newToken("").token;
  const known = typeof record?.state === "string" && isOurs(record.state, root) ? record.state : undefined;
  const inside = join(root, "postgres");
  const state =
    known && (!runAs || canEnter(dirname(known), runAs))
      ? known
      : runAs && !canEnter(root, runAs)
        ? outside(root)
        : inside;
  makeFolder(state, runAs);
  writeFileSync(join(state, marker), JSON.stringify({ home: root }));
  const native = runAs && !canRun(packaged, runAs) ? copyBinaries(packaged, state) : packaged;
  const sockets = socketFolder(state, root, runAs);
  return {
    home: root,
    state,
    data: join(state, "data"),
    native,
    password,
    ...(sockets ? { sockets } : {}),
    ...(runAs ? { runAs } : {}),
  };
}

/** Removes every folder that the record names and that carries our marker; never anything else. */
export function removePlace(home: string): void {
  const root = resolve(home);
  const record = readRecord(root);
  for (const folder of [record?.state, record?.sockets, join(root, "postgres")])
    if (typeof folder === "string" && isOurs(folder, root)) rmSync(folder, { recursive: true, force: true });
  rmSync(recordPath(root), { force: true });
}

function isOurs(folder: string, home: string): boolean {
  try {
    return (JSON.parse(readFileSync(join(folder, marker), "utf8")) as { home?: string }).home === home;
  } catch {
    return false;
  }
}

function nobody(): { uid: number; gid: number } {
  try {
    const line = readFileSync("/etc/passwd", "utf8")
      .split("\n")
      .find((entry) => entry.startsWith("nobody:"));
    const [, , uid, gid] = line?.split(":") ?? [];
    if (uid && gid && Number(uid) > 0) return { uid: Number(uid), gid: Number(gid) };
  } catch {
    // Reported below like a missing entry.
  }
  throw problem(
    "PostgresFailed",
    'Postgres refuses to run as root and there is no user "nobody" in /etc/passwd; run as an ordinary user or set DATABASE_URL',
  );
}

/** True where a stranger's execute bit, or its own, leads through every folder down to this one. */
function canEnter(folder: string, user: { uid: number; gid: number }): boolean {
  for (let path = folder; ; path = dirname(path)) {
    const facts = statSync(path, { throwIfNoEntry: false });
    if (!facts) return false;
    const bit = facts.uid === user.uid ? 0o100 : facts.gid === user.gid ? 0o010 : 0o001;
    if ((facts.mode & bit) === 0) return false;
    if (dirname(path) === path) return true;
  }
}

function canRun(native: string, user: { uid: number; gid: number }): boolean {
  try {
    execFileSync(join(native, "bin", "postgres"), ["--version"], { ...user, stdio: "ignore", cwd: "/" });
    return true;
  } catch {
    return false;
  }
}

function outside(home: string): string {
  const name = sha256(home).slice(0, 12);
  for (const parent of ["/var/lib/roster", "/var/tmp"]) {
    const folder = parent === "/var/tmp" ? `${parent}/roster-${name}` : `${parent}/${name}`;
    try {
      mkdirSync(dirname(folder), { recursive: true, mode: 0o755 });
      mkdirSync(folder, { recursive: true, mode: 0o755 });
      return folder;
    } catch {
      // A read-only /var/lib is ordinary in containers; the next place is tried.
    }
  }
  throw problem("PostgresFailed", `neither /var/lib/roster nor /var/tmp can be written for the data of "${home}"`);
}

function makeFolder(folder: string, owner: { uid: number; gid: number } | undefined): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const facts = lstatSync(folder);
  // In a folder that others may write to, somebody could have put a link or a folder of theirs under our name.
  if (!facts.isDirectory() || (![process.getuid?.(), owner?.uid].includes(facts.uid) && process.getuid))
    throw problem("PostgresFailed", `"${folder}" belongs to somebody else; remove it or set ROSTER_HOME`);
  if (owner) chownSync(folder, owner.uid, owner.gid);
  chmodSync(folder, 0o700);
}

/** Copied once per version of the binaries: the name carries their size and time, so an upgrade copies again. */
function copyBinaries(packaged: string, state: string): string {
  const facts = statSync(join(packaged, "bin", "postgres"));
  // Beside the state, not inside: the state folder is closed to all but the user who runs Postgres.
  const target = join(state, `native-${facts.size}-${Math.floor(facts.mtimeMs / 1000)}`);
  if (existsSync(target)) return target;
  const partial = `${target}.partial`;
  rmSync(partial, { recursive: true, force: true });
  cpSync(packaged, partial, { recursive: true, verbatimSymlinks: true });
  renameSync(partial, target);
  return target;
}

function socketFolder(
  state: string,
  home: string,
  owner: { uid: number; gid: number } | undefined,
): string | undefined {
  if (process.platform === "win32") return undefined;
  const wanted = [
    state,
    join(tmpdir(), `roster-${sha256(home).slice(0, 12)}`),
    `/tmp/roster-${sha256(home).slice(0, 12)}`,
  ];
  const folder = wanted.find(
    (path) => Buffer.byteLength(path) <= longestFolder && (path === state || !owner || canEnter(dirname(path), owner)),
  );
  if (!folder) return undefined;
  if (folder !== state) {
    makeFolder(folder, owner);
    writeFileSync(join(folder, marker), JSON.stringify({ home }));
  }
  return folder;
}
