import { constants } from "node:fs";
import { lstat, mkdir, open, readdir, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { Problem } from "../../../lib/problem.ts";
import type { CalendarText } from "./expand.ts";

export interface CalendarFile extends CalendarText {
  readonly file: string;
}

const maxFiles = 5000;
const maxFileBytes = 5_000_000;
const maxBytes = 50_000_000;

/** Reads a person's calendars: `.ics` files, and those in folders. What is a link, too large or not there is left out by name. */
export async function readCalendars(
  places: readonly string[],
): Promise<{ readonly calendars: readonly CalendarFile[]; readonly problems: readonly string[] }> {
  const calendars: CalendarFile[] = [];
  const problems: string[] = [];
  let left = maxBytes;
  for (const file of (await filesOf(places, problems)).slice(0, maxFiles)) {
    const name = path.basename(file, ".ics");
    const text = await readBounded(file, Math.min(maxFileBytes, left));
    if (text === undefined) problems.push(`calendar "${name}" is too large or cannot be read, and was left out`);
    else {
      left -= text.length;
      calendars.push({ name, file, text });
    }
  }
  return { calendars, problems };
}

async function filesOf(places: readonly string[], problems: string[]): Promise<readonly string[]> {
  const files: string[] = [];
  for (const place of places) {
    const stats = await lstat(place).catch(() => undefined);
    if (stats?.isFile()) {
      files.push(place);
      continue;
    }
    const entries = stats?.isDirectory()
      ? await readdir(place, { withFileTypes: true }).catch(() => undefined)
      : undefined;
    // An empty day and a day that nobody could look up must not read alike.
    if (!entries) {
      problems.push(`calendar "${path.basename(place, ".ics")}" cannot be found`);
      continue;
    }
    const inside = entries.filter((entry) => entry.isFile() && entry.name.toLowerCase().endsWith(".ics"));
    files.push(...inside.map((entry) => path.join(place, entry.name)).sort());
  }
  return files;
}

async function readBounded(file: string, limit: number): Promise<string | undefined> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    () => undefined,
  );
  if (!handle) return undefined;
  try {
    const { size } = await handle.stat();
    // Decoding drops the byte order mark that Outlook writes, on which a parser would stop.
    return size > limit ? undefined : new TextDecoder().decode(await handle.readFile());
  } finally {
    await handle.close();
  }
}

/** Where a new event goes: a file of its own in the first folder, or into the first file. Throws NotFound. */
export async function placeFor(places: readonly string[], uid: string): Promise<string> {
  const [first] = places;
  if (first === undefined) throw new Problem("NotFound", "there is no calendar to write to");
  const stats = await lstat(first).catch(() => undefined);
  if (stats?.isSymbolicLink()) throw new Problem("NotFound", "there is no calendar to write to");
  if (stats?.isFile() || (!stats && first.endsWith(".ics"))) return first;
  await mkdir(first, { recursive: true });
  return path.join(first, `${uid.replace(/[^A-Za-z0-9]/g, "-")}.ics`);
}

/** Replaces a calendar file in one step, so that other programs never read half of it. */
export async function replaceFile(file: string, text: string): Promise<void> {
  const temporary = path.join(path.dirname(file), `.${path.basename(file)}.new`);
  await writeFile(temporary, text, { mode: 0o600 });
  await rename(temporary, file);
}
