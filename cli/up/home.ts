import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { problem } from "../../api/reasons.ts";
import { messageOf } from "../../lib/problem.ts";

/** The state folder, owned by this process for as long as it lives. */
export interface Home extends Disposable {
  readonly folder: string;
  /** The process that used it before and did not stop cleanly. */
  readonly killed?: number;
  file(name: string): string;
}

// A cold start writes about 90 MB; under this a start would only fail later, and less clearly.
const neededBytes = 300 * 1024 * 1024;

/**
 * Makes the state folder (0700) and takes it for this process. The lock is the kernel's, so a killed owner never blocks
 * the next. Throws AlreadyRunning naming the other process, DiskFull, InvalidRequest where the folder cannot be written.
 */
export function openHome(folder: string): Home {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    chmodSync(folder, 0o700);
  } catch (cause) {
    throw refused(folder, cause);
  }
  const pidFile = path.join(folder, "up.pid");
  const lock = takeLock(folder, pidFile);
  try {
    checkSpace(folder);
    const killed = existsSync(pidFile) ? Number(readFileSync(pidFile, "utf8")) : undefined;
    writeFileSync(pidFile, String(process.pid), { mode: 0o600 });
    return {
      folder,
      ...(killed === undefined || Number.isNaN(killed) ? {} : { killed }),
      file: (name) => path.join(folder, name),
      [Symbol.dispose]() {
        rmSync(pidFile, { force: true });
        lock.close();
      },
    };
  } catch (thrown) {
    lock.close();
    throw refused(folder, thrown);
  }
}

/** Deletes everything in the folder but the lock, which this process holds. */
export function clearHome(home: Home, names: readonly string[]): void {
  for (const name of names) {
    if (name.startsWith("up.lock") || name === "up.pid") continue;
    rmSync(home.file(name), { recursive: true, force: true });
  }
}

function takeLock(folder: string, pidFile: string): DatabaseSync {
  let lock: DatabaseSync | undefined;
  try {
    // SQLite's file lock is the one advisory lock that Node can take without a native module; the kernel drops it with us.
    lock = new DatabaseSync(path.join(folder, "up.lock"));
    lock.exec(
      "PRAGMA busy_timeout = 300; PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE",
    );
    return lock;
  } catch (cause) {
    lock?.close();
    if (!/locked|busy/i.test(messageOf(cause))) throw refused(folder, cause);
    const pid = existsSync(pidFile) ? readFileSync(pidFile, "utf8") : "unknown";
    throw problem("AlreadyRunning", `"${folder}" is in use by another \`roster up\` (process ${pid})`, {
      details: { pid },
    });
  }
}

function checkSpace(folder: string): void {
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  if (free < neededBytes) {
    const mib = (bytes: number) => Math.floor(bytes / 1024 / 1024);
    throw problem("DiskFull", `"${folder}" has ${mib(free)} MiB of free space and ${mib(neededBytes)} MiB are needed`);
  }
}

function refused(folder: string, cause: unknown): Error {
  const code = (cause as { code?: string }).code;
  if (code === "ENOSPC" || /disk is full/i.test(messageOf(cause))) {
    return problem("DiskFull", `"${folder}" has no free space left`, { cause });
  }
  if (code && ["EACCES", "EPERM", "EROFS", "ENOTDIR", "EEXIST"].includes(code)) {
    return problem(
      "InvalidRequest",
      `the state folder "${folder}" cannot be written (${code}); set ROSTER_HOME to one that can`,
      { cause },
    );
  }
  return cause as Error;
}
