import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Person } from "../../../examples/office/seed/person.ts";
import { seedOffice } from "../../../examples/office/seed.ts";
import type { Canaries } from "./canary.ts";

const zones = ["Europe/Lisbon", "Europe/Berlin", "America/New_York"] as const;

/** `person-007@acme.example` */
export function userOf(index: number): string {
  return `person-${String(index).padStart(3, "0")}@acme.example`;
}

/** Somebody whose mail, calendar and files each hold a canary: in clear, in base64 and in quoted-printable. */
function personOf(index: number, canaries: Canaries): Person {
  const user = userOf(index);
  const [mail, calendar, file] = (["mail", "calendar", "file"] as const).map((source) => canaries.of(index, source));
  return {
    user,
    timeZone: zones[index % zones.length] ?? "UTC",
    letters: [
      {
        id: `counsel-${index}`,
        from: `Zoë Counsel <counsel-${index}@law.example>`,
        to: `Person <${user}>`,
        subject: `Confidéntial “${mail}”`,
        hoursAgo: 2,
        body: { as: "base64", text: `The settlement is ${mail}.` },
      },
      {
        id: `colleague-${index}`,
        from: `colleague-${index}@acme.example`,
        to: user,
        subject: `Lunch ${mail}`,
        hoursAgo: 5,
        body: {
          as: "plain",
          text: `Olá, at noon = ${mail}.\nA line that is long enough to be broken softly in two by ${mail}`,
        },
      },
    ],
    calendars: {
      work: [{ uid: `review-${index}@acme.example`, title: `Review of ${calendar}`, day: 0, at: "23:30", minutes: 20 }],
    },
    files: {
      "todo.md": `- [ ] Tell nobody about ${file}\n`,
      // What the agent learns for good; its own canary, so that memory is told apart from where it was read.
      "habits.md": `Prefers ${canaries.of(index, "memory")} in the morning.\n`,
      [`${file}.txt`]: "The name is the secret.\n",
    },
  };
}

/** Writes the offices of `count` people below `folder` and the file that ROSTER_OFFICE_USERS names, with relative paths. */
export async function writeOffices(folder: string, count: number, canaries: Canaries, now: number): Promise<string> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const people = Array.from({ length: count }, (_, index) => personOf(index + 1, canaries));
  const entries = await seedOffice({ root: folder, now, people });
  const relative = entries.map(({ user, maildir, calendars, files, timeZone }) => ({
    user,
    maildir: path.relative(folder, maildir),
    calendars: calendars.map((one) => path.relative(folder, one)),
    files: path.relative(folder, files),
    timeZone,
  }));
  const file = path.join(folder, "people.json");
  writeFileSync(file, JSON.stringify(relative), { mode: 0o600 });
  return file;
}
