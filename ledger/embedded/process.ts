import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { closeSync, fstatSync, openSync, readFileSync, readSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../../lib/clock.ts";
import type { Place } from "./place.ts";

/** The process id in `postmaster.pid` and whether it says "ready"; undefined where there is no such file. */
export function readPidFile(data: string): { readonly pid: number; readonly ready: boolean } | undefined {
  try {
    const lines = readFileSync(join(data, "postmaster.pid"), "utf8").split("\n");
    const pid = Number(lines[0]);
    return Number.isInteger(pid) && pid > 1 ? { pid, ready: lines[7]?.trim() === "ready" } : undefined;
  } catch {
    return undefined;
  }
}

/** True while a process with this id exists, whoever owns it. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** What tells a process from a later one with the same id: its start, in the kernel's own words. */
export function startOf(pid: number): string {
  try {
    // Field 22 of stat(5); the name in field 2 may hold spaces, so count from its closing parenthesis.
    return (
      readFileSync(`/proc/${pid}/stat`, "utf8")
        .replace(/^.*\) /s, "")
        .split(" ")[19] ?? ""
    );
  } catch {
    return ask("lstart=", pid);
  }
}

/** True where the process is a Postgres on this data folder, not a stranger that got the same id after a reboot. */
export function isPostgresOn(pid: number, data: string): boolean {
  if (!isAlive(pid)) return false;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").includes(data);
  } catch {
    return ask("command=", pid).includes(data);
  }
}

function ask(field: string, pid: number): string {
  try {
    return execFileSync("ps", ["-o", field, "-p", String(pid)], { encoding: "utf8" }).trim();
  } catch {
    return "";
  }
}

/** Stops a Postgres by asking (fast shutdown), then by ordering, then by force. Resolves when it is gone. */
export async function stopProcess(pid: number, clock: Clock): Promise<void> {
  for (const [signal, patienceMs] of [
    ["SIGINT", 15_000],
    ["SIGQUIT", 5_000],
    ["SIGKILL", 5_000],
  ] as const) {
    try {
      process.kill(pid, signal);
    } catch {
      return;
    }
    for (let waited = 0; waited < patienceMs; waited += 20) {
      if (!isAlive(pid)) return;
      await clock.sleep(20);
    }
  }
}

/**
 * Removes lock files that name a process which is not a Postgres of ours: after a reboot another process may have that
 * id, and Postgres would refuse to start. A pid file of a dead Postgres stays: it leads Postgres to check for survivors.
 */
export function clearStaleLocks(place: Place): void {
  const found = readPidFile(place.data);
  if (found && isAlive(found.pid) && !isPostgresOn(found.pid, place.data))
    rmSync(join(place.data, "postmaster.pid"), { force: true });
  if (place.sockets)
    for (const name of [".s.PGSQL.5432", ".s.PGSQL.5432.lock"]) rmSync(join(place.sockets, name), { force: true });
}

// The subshell waits on our end of a pipe: when this process dies, however it dies, the pipe closes and Postgres is asked
// to stop. A line instead means that Postgres is gone already. `$$` is the shell's id, which exec gives to Postgres.
const guarded = 'exec 3<&0; ( exec >/dev/null 2>&1; read -r _ <&3 || kill -INT $$ ) & exec "$0" "$@" 3<&- </dev/null';

/** Starts Postgres in the foreground as a child that ends when this process ends. Its words go to the log file. */
export function spawnPostgres(place: Place, settings: readonly string[], logFile: string): ChildProcess {
  const binary = join(place.native, "bin", "postgres");
  const args = ["-D", place.data, ...settings.flatMap((setting) => ["-c", setting])];
  const log = openSync(logFile, "a", 0o600);
  try {
    const options = {
      cwd: place.state,
      env: { PATH: "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" },
      // A session of its own: Ctrl-C in the terminal must reach Roster first, which stops Postgres last.
      detached: true,
      ...(place.runAs ?? {}),
    };
    return process.platform === "win32"
      ? spawn(binary, args, { ...options, stdio: ["ignore", log, log] })
      : spawn("/bin/sh", ["-c", guarded, binary, ...args], { ...options, stdio: ["pipe", log, log] });
  } finally {
    closeSync(log);
  }
}

/** The last lines of a file, for a message. */
export function tailOf(file: string, bytes = 4096): string {
  try {
    const fd = openSync(file, "r");
    const size = fstatSync(fd).size;
    const buffer = Buffer.alloc(Math.min(bytes, size));
    readSync(fd, buffer, 0, buffer.length, size - buffer.length);
    closeSync(fd);
    return buffer.toString("utf8");
  } catch {
    return "";
  }
}
