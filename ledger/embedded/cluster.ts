import { execFile } from "node:child_process";
import { chownSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { problem } from "../../api/reasons.ts";
import type { Log } from "../../lib/log.ts";
import type { Place } from "./place.ts";

/** The superuser of an embedded cluster. */
export const user = "roster";
const major = "18";

/** Makes the cluster beside its place and moves it there when it is whole, so that a crash leaves none or all of it. */
export async function ensureCluster(place: Place, log: Log): Promise<void> {
  const version = join(place.data, "PG_VERSION");
  if (existsSync(version)) {
    const found = readFileSync(version, "utf8").trim();
    if (found === major) return;
    throw problem(
      "PostgresFailed",
      `"${place.data}" was made by Postgres ${found}, this is ${major}; start with --reset, or serve it yourself and set DATABASE_URL`,
    );
  }
  log.info("makes a Postgres cluster", { folder: place.data });
  const partial = `${place.data}.partial`;
  const secret = join(place.state, "password.tmp");
  rmSync(partial, { recursive: true, force: true });
  writeFileSync(secret, place.password, { mode: 0o600 });
  if (place.runAs) chownSync(secret, place.runAs.uid, place.runAs.gid);
  try {
    await promisify(execFile)(
      join(place.native, "bin", "initdb"),
      [
        "-D",
        partial,
        "-U",
        user,
        "--pwfile",
        secret,
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",
        "--no-instructions",
      ],
      { cwd: place.state, env: { PATH: "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" }, ...(place.runAs ?? {}) },
    );
    renameSync(partial, place.data);
  } catch (cause) {
    const words = String((cause as { stderr?: string }).stderr ?? cause);
    rmSync(partial, { recursive: true, force: true });
    const said =
      words
        .trim()
        .split("\n")
        .findLast((line) => /error|FATAL|No space/i.test(line)) ?? words.trim().split("\n").at(-1);
    throw problem(
      /No space left|Disk quota/.test(words) ? "DiskFull" : "PostgresFailed",
      `cannot make a Postgres cluster in "${place.data}": ${said}`,
      { cause },
    );
  } finally {
    rmSync(secret, { force: true });
  }
}

/** The settings of the server, small and durable. */
export function settingsFor(place: Place, port: number | undefined): readonly string[] {
  return [
    place.sockets ? "listen_addresses=" : "listen_addresses=127.0.0.1",
    `unix_socket_directories=${place.sockets ?? ""}`,
    "unix_socket_permissions=0700",
    `port=${port ?? 5432}`,
    "max_connections=60",
    "shared_buffers=64MB",
    // Promises about money and authority rest on these two; openLedger checks them again.
    "fsync=on",
    "synchronous_commit=on",
    "wal_level=minimal",
    "max_wal_senders=0",
    "max_wal_size=256MB",
    "logging_collector=off",
    "log_checkpoints=off",
    "log_min_messages=warning",
    // Statements hold tenants' content: an error must not copy one into a log file.
    "log_min_error_statement=panic",
    "log_parameter_max_length_on_error=0",
    "timezone=UTC",
    "log_timezone=UTC",
  ];
}
