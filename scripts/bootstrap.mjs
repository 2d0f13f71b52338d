// Runs on any Node >= 20 with nothing installed: installs the locked dependencies once (the pinned Node 24
// among them), then hands over to that Node. Plain JavaScript because the machine's own Node may not strip types.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const stampFile = path.join(root, "node_modules", ".roster-lock");
const node = path.join(root, "node_modules", "node", "bin", process.platform === "win32" ? "node.exe" : "node");

/** Installs what package-lock.json names unless the last install was of the same lock file. May run twice. */
function ensureInstalled() {
  const lock = createHash("sha256")
    .update(readFileSync(path.join(root, "package-lock.json")))
    .digest("hex");
  if (existsSync(node) && existsSync(stampFile) && readFileSync(stampFile, "utf8") === lock) return;
  process.stderr.write("roster: installing dependencies (the first time takes about half a minute) …\n");
  const npm = process.env.npm_execpath
    ? [process.execPath, process.env.npm_execpath]
    : [process.platform === "win32" ? "npm.cmd" : "npm"];
  const args = [...npm.slice(1), "ci", "--no-audit", "--no-fund", "--loglevel=error"];
  // npm's own output goes to stderr: the stdout of a command such as `roster trace -o json` belongs to the command.
  const done = spawnSync(npm[0], args, { cwd: root, stdio: ["ignore", 2, 2] });
  if (done.status !== 0 || !existsSync(node)) {
    process.stderr.write(
      existsSync(node) || done.status !== 0
        ? "roster: `npm ci` failed; its message is above. Fix it and run the same command again.\n"
        : "roster: the pinned Node 24 was not installed. npm was told not to run install scripts; " +
            "run `npm ci --ignore-scripts=false` in the checkout and try again.\n",
    );
    process.exit(done.status || 1);
  }
  writeFileSync(stampFile, lock);
}

function main() {
  const [major = 0] = process.versions.node.split(".").map(Number);
  if (major < 20) {
    process.stderr.write(`roster: Node ${process.versions.node} is too old; install Node 20 or newer.\n`);
    process.exit(1);
  }
  ensureInstalled();
  const given = process.argv.slice(2);
  const args =
    given[0] === "--run"
      ? [path.join(root, "scripts", "run.ts"), ...given.slice(1)]
      : [path.join(root, given[0]), ...given.slice(1)];
  // The child shares our terminal and so gets Ctrl-C itself; we only must not die before it has cleaned up.
  const child = spawn(node, ["--disable-warning=ExperimentalWarning", ...args], {
    stdio: "inherit",
    // `roster up` stops when we are gone, however we went.
    env: { ...process.env, ROSTER_BOOTSTRAP: String(process.pid) },
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on("exit", (code, signal) => {
    if (signal) {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    } else process.exit(code ?? 1);
  });
}

main();
