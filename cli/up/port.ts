import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createServer } from "node:net";
import { problem } from "../../api/reasons.ts";

/** Throws PortInUse, naming the variable to set and, where the system tells, the process that listens. 0 is always free. */
export async function ensurePortFree(port: number, variable: string): Promise<void> {
  if (port === 0) return;
  const error = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    const server = createServer();
    server.once("error", resolve);
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(undefined)));
  });
  if (error?.code === "EACCES") {
    throw problem(
      "PortInUse",
      `port ${port} may not be used by this user; set ${variable} to one above 1023, or to 0 for any`,
    );
  }
  if (error) {
    const holder = findListener(port);
    throw problem(
      "PortInUse",
      `port ${port} is in use${holder ? ` by process ${holder.pid} (${holder.command})` : ""}; set ${variable} to another one, or to 0 for any`,
      { details: { port, variable, ...(holder ? { pid: holder.pid } : {}) } },
    );
  }
}

/** The process that listens on a local port; undefined where /proc does not say (other systems, other users' processes). */
export function findListener(port: number): { readonly pid: number; readonly command: string } | undefined {
  try {
    const inodes = new Set(["/proc/net/tcp", "/proc/net/tcp6"].flatMap((table) => listeningInodes(table, port)));
    if (inodes.size === 0) return undefined;
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      if (holdsSocket(pid, inodes)) {
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
        return { pid: Number(pid), command: command.slice(0, 60) };
      }
    }
  } catch {
    // Not Linux, or not ours to see.
  }
  return undefined;
}

function listeningInodes(table: string, port: number): readonly string[] {
  const listening = "0A"; // TCP_LISTEN in the kernel's table
  return readFileSync(table, "utf8")
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === listening && Number.parseInt(fields[1]?.split(":")[1] ?? "", 16) === port)
    .flatMap((fields) => fields[9] ?? []);
}

function holdsSocket(pid: string, inodes: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => {
      const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
      return inode !== undefined && inodes.has(inode);
    });
  } catch {
    return false;
  }
}
