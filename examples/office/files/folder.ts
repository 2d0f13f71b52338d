import { constants } from "node:fs";
import { lstat, open, readdir } from "node:fs/promises";
import path from "node:path";
import { Problem } from "../../../lib/problem.ts";

export interface FileEntry {
  /** Relative to the folder, with forward slashes. */
  readonly path: string;
  readonly kind: "file" | "folder";
  readonly bytes: number;
  readonly modified: number;
}

/**
 * One folder that nothing leads out of: paths are relative, `..` and absolute paths are refused, and so is every symbolic
 * link on the way, at its end too.
 */
export class Folder {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  /** The entries of a folder by name. Links and special files are left out. Throws NotFound. */
  async list(folder: string): Promise<readonly FileEntry[]> {
    const at = await this.#resolve(folder);
    const shown = folder
      .split("/")
      .filter((part) => part !== "" && part !== ".")
      .join("/");
    const entries = await readdir(at, { withFileTypes: true }).catch(() => {
      throw new Problem("NotFound", `there is no folder "${folder}"`);
    });
    const found: FileEntry[] = [];
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (entry.name.startsWith(".") || !(entry.isFile() || entry.isDirectory())) continue;
      const stats = await lstat(path.join(at, entry.name)).catch(() => undefined);
      if (!stats) continue;
      found.push({
        path: shown === "" ? entry.name : `${shown}/${entry.name}`,
        kind: entry.isDirectory() ? "folder" : "file",
        bytes: entry.isDirectory() ? 0 : stats.size,
        modified: stats.mtimeMs,
      });
    }
    return found;
  }

  /** Up to `length` bytes from `offset`. Throws NotFound. */
  async read(file: string, offset: number, length: number): Promise<{ readonly bytes: Buffer; readonly size: number }> {
    const at = await this.#resolve(file);
    // O_NOFOLLOW closes the gap between looking and opening; O_NONBLOCK keeps a named pipe from holding us.
    const handle = await open(at, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(() => {
      throw new Problem("NotFound", `there is no file "${file}"`);
    });
    try {
      const stats = await handle.stat();
      if (!stats.isFile()) throw new Problem("NotFound", `"${file}" is not a file`);
      const bytes = Buffer.alloc(Math.max(0, Math.min(length, stats.size - offset)));
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, offset);
      return { bytes: bytes.subarray(0, bytesRead), size: stats.size };
    } finally {
      await handle.close();
    }
  }

  /** Files below a folder, breadth first, at most `limit`. */
  async *walk(limit: number): AsyncGenerator<FileEntry> {
    const folders = [""];
    let seen = 0;
    for (const folder of folders) {
      for (const entry of await this.list(folder).catch(() => [])) {
        if (++seen > limit) return;
        if (entry.kind === "folder") folders.push(entry.path);
        else yield entry;
      }
    }
  }

  async #resolve(relative: string): Promise<string> {
    const parts = relative.split("/").filter((part) => part !== "" && part !== ".");
    if (relative.startsWith("/") || relative.includes("\\") || relative.includes("\0") || parts.includes("..")) {
      throw new Problem("InvalidRequest", `the path "${relative.slice(0, 200)}" leads out of the folder`);
    }
    let at = this.#root;
    for (const part of parts) {
      at = path.join(at, part);
      const stats = await lstat(at).catch(() => undefined);
      // The same words for a link as for nothing: what is outside shall not even be told to exist.
      if (!stats || stats.isSymbolicLink()) throw new Problem("NotFound", `there is no "${relative.slice(0, 200)}"`);
    }
    return at;
  }
}
