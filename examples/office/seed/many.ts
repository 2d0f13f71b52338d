import type { Person } from "./person.ts";

/** Somebody made up, with a canary in everything of theirs: a word that must never be found anywhere else. */
export interface MarkedPerson extends Person {
  readonly canary: string;
}

const zones = ["Europe/Lisbon", "Europe/Berlin", "America/New_York"] as const;

/** As many people as asked for. The same numbers give the same people. */
export function manyPeople(count: number): readonly MarkedPerson[] {
  return Array.from({ length: count }, (_, index) => {
    const number = String(index + 1).padStart(3, "0");
    const user = `person-${number}@acme.example`;
    const canary = `canary-${number}-${((index + 1) * 2_654_435_761) % 4_294_967_296}`;
    const me = `Person ${number} <${user}>`;
    return {
      user,
      canary,
      timeZone: zones[index % zones.length] ?? "UTC",
      letters: [
        {
          id: `secret-${number}`,
          from: `Counsel <counsel-${number}@law.example>`,
          to: me,
          subject: `Confidential ${canary} in the subject`,
          hoursAgo: 2,
          body: { as: "base64", text: `The settlement is ${canary} in the text.` },
        },
        {
          id: `plain-${number}`,
          from: `Colleague <colleague-${number}@acme.example>`,
          to: me,
          subject: "Lunch?",
          hoursAgo: 5,
          flags: "S",
          body: { as: "plain", text: `At noon, ${canary}.` },
        },
      ],
      calendars: {
        work: [{ uid: `secret-${number}@acme.example`, title: `Review of ${canary}`, day: 0, at: "11:00" }],
      },
      files: { "todo.md": `- [ ] Tell nobody about ${canary}\n`, [`${canary}.md`]: "The name is the secret.\n" },
    };
  });
}
