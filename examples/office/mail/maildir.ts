import { constants } from "node:fs";
import { lstat, mkdir, open, readdir, readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Clock } from "../../../lib/clock.ts";
import { sha256 } from "../../../lib/ids.ts";
import { Problem } from "../../../lib/problem.ts";
import { type Layout, readLayout } from "./layout.ts";

/** One message as its file name tells of it. */
export interface Entry {
  /** The unique part of the file name; stays when flags and folder change. */
  readonly id: string;
  /** `INBOX`, or a name such as `Sent`, `Clients.Acme` (Maildir++) or `Archive/2024`. */
  readonly folder: string;
  readonly file: string;
  /** Delivery time in Unix seconds, from the name or else the file. */
  readonly delivered: number;
  readonly flags: string;
}

const folderName = /^[A-Za-z0-9][A-Za-z0-9 _-]{0,39}(\.[A-Za-z0-9][A-Za-z0-9 _-]{0,39}){0,4}$/;
// 100,000 messages in one folder is far beyond a person's; more than that is listed up to here.
const maxEntries = 200_000;
const keywordLetters = "abcdefghijklmnopqrstuvwxyz";

/**
 * One person's Maildir with its folders, and labels as Dovecot keeps them (letters among the flags, named by
 * `dovecot-keywords`). Messages are found by listing, never by building a path from an id, so an id leads nowhere else.
 * Delivery is by tmp and rename: a reader never sees half a message. Symbolic links are not followed.
 */
export class Maildir {
  readonly #root: string;
  readonly #clock: Clock;
  // One object serves one call: folders are looked up once, but for those that the call makes itself.
  #layout: Promise<Layout> | undefined;

  constructor(root: string, clock: Clock) {
    this.#root = root;
    this.#clock = clock;
  }

  /** INBOX and every other folder. Throws NotFound when there is no Maildir. */
  async folders(): Promise<readonly string[]> {
    return [...(await this.#read()).folders.keys()];
  }

  /** Messages of one folder, newest delivery first. Throws NotFound. */
  async list(folder: string): Promise<readonly Entry[]> {
    const place = (await this.#read()).folders.get(folder);
    if (place === undefined) throw new Problem("NotFound", `there is no folder "${folder.slice(0, 80)}"`);
    const found: Entry[] = [];
    for (const sub of ["new", "cur"]) {
      const at = path.join(place, sub);
      const entries = await readdir(at, { withFileTypes: true }).catch(() => []);
      for (const entry of entries.slice(0, maxEntries)) {
        if (!entry.isFile() || entry.name.startsWith(".")) continue;
        const [id = "", info = ""] = entry.name.split(/:2,|;2,|!2,/);
        const file = path.join(at, entry.name);
        // `1763700000.M1P1.host` or, by offlineimap, `1763700000_0.42.host`. Who writes neither left a time on the file.
        const seconds = /^(\d{9,11})[._]/.exec(id)?.[1];
        const delivered = seconds === undefined ? await modified(file) : Number(seconds);
        found.push({ id, folder, file, delivered, flags: sub === "new" ? "" : info });
      }
    }
    return found.sort((a, b) => b.delivered - a.delivered || (a.id < b.id ? 1 : -1));
  }

  /** Throws NotFound. */
  async get(id: string): Promise<Entry> {
    for (const folder of await this.folders()) {
      const entry = (await this.list(folder)).find((one) => one.id === id);
      if (entry) return entry;
    }
    throw new Problem("NotFound", `there is no message "${id.slice(0, 120)}"`);
  }

  /** The first `limit` bytes of a message. */
  async read(entry: Entry, limit: number): Promise<{ readonly bytes: Buffer; readonly size: number }> {
    const handle = await open(entry.file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
      () => {
        // Another mail program may rename it at any moment.
        throw new Problem("NotFound", `message "${entry.id}" was moved; list again`);
      },
    );
    try {
      const { size } = await handle.stat();
      const bytes = Buffer.alloc(Math.min(size, limit));
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
      return { bytes: bytes.subarray(0, bytesRead), size };
    } finally {
      await handle.close();
    }
  }

  /**
   * Puts a message into a folder. With a key it is put there once: a second call with the same key answers the first one's
   * id, whatever folder it is in by now.
   */
  async deliver(
    folder: string,
    message: Uint8Array,
    flags: string,
    key?: string,
  ): Promise<{ id: string; repeated: boolean }> {
    const mark = key === undefined ? undefined : keyMark(key);
    const before = mark === undefined ? undefined : await this.findMarked(mark);
    if (before) return { id: before.id, repeated: true };
    const at = await this.#ensure(folder);
    const seconds = Math.floor(this.#clock.now() / 1000);
    const id = `${seconds}.${mark ?? `R${sha256(message).slice(0, 24)}`}.office`;
    const file = path.join(at, "tmp", id);
    await writeFile(file, message, { mode: 0o600 });
    await rename(file, path.join(at, "cur", `${id}:2,${sorted(flags)}`));
    return { id, repeated: false };
  }

  /** The message that was delivered with a key. */
  async findMarked(mark: string): Promise<Entry | undefined> {
    for (const folder of await this.folders()) {
      const entry = (await this.list(folder)).find((one) => one.id.split(".")[1] === mark);
      if (entry) return entry;
    }
    return undefined;
  }

  /** Moves a message. Once it is there, moving it there again changes nothing. */
  async move(entry: Entry, folder: string): Promise<void> {
    if (entry.folder === folder) return;
    const at = await this.#ensure(folder);
    await rename(entry.file, path.join(at, "cur", `${entry.id}:2,${entry.flags}`));
  }

  /** Adds or removes a label. Labels belong to the folder's `dovecot-keywords`; there are 26 at most. */
  async label(entry: Entry, label: string, present: boolean): Promise<void> {
    const letter = await this.#letterOf(entry.folder, label, present);
    if (letter === undefined || entry.flags.includes(letter) === present) return;
    const flags = present ? entry.flags + letter : entry.flags.replace(letter, "");
    await rename(entry.file, path.join(await this.#path(entry.folder), "cur", `${entry.id}:2,${sorted(flags)}`));
  }

  /** The labels of a message by name. */
  async labelsOf(entry: Entry): Promise<readonly string[]> {
    const letters = [...entry.flags].filter((flag) => keywordLetters.includes(flag));
    if (letters.length === 0) return [];
    const names = await this.#keywords(entry.folder);
    return letters.flatMap((letter) => names.get(letter) ?? []);
  }

  async #keywords(folder: string): Promise<Map<string, string>> {
    const file = path.join(await this.#path(folder), "dovecot-keywords");
    const stats = await lstat(file).catch(() => undefined);
    if (!stats?.isFile() || stats.size > 10_000) return new Map();
    const lines = (await readFile(file, "utf8")).split("\n");
    return new Map(
      lines.flatMap((line) => {
        const match = /^(\d{1,2}) (\S+)$/.exec(line.trim());
        const letter = keywordLetters[Number(match?.[1])];
        return match?.[2] && letter ? [[letter, match[2]] as const] : [];
      }),
    );
  }

  async #letterOf(folder: string, label: string, create: boolean): Promise<string | undefined> {
    const names = await this.#keywords(folder);
    for (const [letter, name] of names) if (name === label) return letter;
    if (!create) return undefined;
    const letter = [...keywordLetters].find((one) => !names.has(one));
    if (letter === undefined) throw new Problem("TooLarge", `the folder "${folder}" has 26 labels already`);
    names.set(letter, label);
    const lines = [...names].map(([one, name]) => `${keywordLetters.indexOf(one)} ${name}\n`).sort();
    const file = path.join(await this.#path(folder), "dovecot-keywords");
    await writeFile(`${file}.new`, lines.join(""), { mode: 0o600 });
    await rename(`${file}.new`, file);
    return letter;
  }

  /** The folder, made where there is none. */
  async #ensure(folder: string): Promise<string> {
    const { folders } = await this.#read();
    if (folder !== "INBOX" && !folders.has(folder) && !folderName.test(folder)) {
      throw new Problem("InvalidRequest", `"${folder.slice(0, 80)}" is not a name for a mail folder`);
    }
    const at = await this.#path(folder);
    // A link in place of a folder would let a message be written anywhere.
    const stats = await lstat(at).catch(() => undefined);
    if (stats && !stats.isDirectory()) throw new Problem("InvalidRequest", `"${folder}" is not a mail folder`);
    for (const sub of ["tmp", "new", "cur"]) await mkdir(path.join(at, sub), { recursive: true, mode: 0o700 });
    this.#layout = undefined;
    return at;
  }

  async #path(folder: string): Promise<string> {
    const { folders, place } = await this.#read();
    return folders.get(folder) ?? place(folder);
  }

  #read(): Promise<Layout> {
    this.#layout ??= readLayout(this.#root);
    return this.#layout;
  }
}

async function modified(file: string): Promise<number> {
  const stats = await lstat(file).catch(() => undefined);
  return stats ? Math.floor(stats.mtimeMs / 1000) : 0;
}

/** What a key becomes in a file name. */
export function keyMark(key: string): string {
  return `K${sha256(key).slice(0, 32)}`;
}

// The Maildir specification wants flags in ASCII order.
function sorted(flags: string): string {
  return [...new Set(flags)].sort().join("");
}
