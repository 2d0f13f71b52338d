import { mkdir, rm, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { systemClock } from "../../lib/clock.ts";
import { sha256 } from "../../lib/ids.ts";
import { Maildir } from "./mail/maildir.ts";
import { ana } from "./seed/ana.ts";
import { ben } from "./seed/ben.ts";
import { toIcs } from "./seed/calendar.ts";
import { toMime } from "./seed/mime.ts";
import type { Person } from "./seed/person.ts";
import type { OfficeUser } from "./users.ts";

export type { Person } from "./seed/person.ts";

/** The people of the demo: made up, but their mail, calendars and files are real formats. */
export const demoPeople: readonly Person[] = [ana, ben];

/** A person's entry of the users file, but for the token. */
export type OfficeEntry = Omit<OfficeUser, "tokenSha256">;

/**
 * Writes the offices of `people` below `root`, dated around `now`, and answers their entries for the users file with
 * absolute paths. Writing again, also with another
 * `now`, replaces what was written and leaves everything else.
 */
export async function seedOffice(options: {
  readonly root: string;
  readonly now: number;
  readonly people?: readonly Person[];
}): Promise<readonly OfficeEntry[]> {
  const entries: OfficeEntry[] = [];
  for (const person of options.people ?? demoPeople)
    entries.push(await seedPerson(path.resolve(options.root), options.now, person));
  return entries;
}

async function seedPerson(root: string, now: number, person: Person): Promise<OfficeEntry> {
  const home = path.join(root, person.user.replace(/[^A-Za-z0-9.-]/g, "_"));
  const maildir = path.join(home, "Maildir");
  for (const folder of ["", ".Sent", ".Drafts", ".Archive"]) {
    for (const sub of ["tmp", "new", "cur"])
      await mkdir(path.join(maildir, folder, sub), { recursive: true, mode: 0o700 });
  }
  for (const letter of person.letters) {
    const at = Math.floor((now - letter.hoursAgo * 3_600_000) / 1000);
    const mark = `S${sha256(letter.id).slice(0, 16)}`;
    const name = `${at}.${mark}.seed`;
    const before = await new Maildir(maildir, systemClock).findMarked(mark);
    if (before) await rm(before.file);
    const folder = path.join(maildir, letter.folder === undefined ? "" : `.${letter.folder}`);
    // Unread mail lies in `new` without flags, as a mail server delivers it.
    const file =
      letter.flags === undefined
        ? path.join(folder, "new", name)
        : path.join(folder, "cur", `${name}:2,${letter.flags}`);
    await writeFile(file, toMime(letter, now), { mode: 0o600 });
    await utimes(file, at, at);
  }
  const calendars = path.join(home, "calendars");
  await mkdir(calendars, { recursive: true, mode: 0o700 });
  for (const [name, meetings] of Object.entries(person.calendars)) {
    await writeFile(path.join(calendars, `${name}.ics`), toIcs(name, meetings, person.timeZone, now), { mode: 0o600 });
  }
  const files = path.join(home, "files");
  await mkdir(files, { recursive: true, mode: 0o700 });
  for (const [name, text] of Object.entries(person.files)) {
    await mkdir(path.dirname(path.join(files, name)), { recursive: true });
    await writeFile(path.join(files, name), text, { mode: 0o600 });
  }
  return { user: person.user, maildir, calendars: [calendars], files, timeZone: person.timeZone };
}
