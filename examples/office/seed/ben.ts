import type { Person } from "./person.ts";

const me = "Ben Krämer <ben@acme.example>";

/** Ben builds; he lives in Berlin. */
export const ben: Person = {
  user: "ben@acme.example",
  timeZone: "Europe/Berlin",
  letters: [
    {
      id: "incident-1",
      from: "Monitoring <alerts@acme.example>",
      to: me,
      subject: "[resolved] Latency of the API above 2 s for 11 minutes",
      hoursAgo: 7,
      body: {
        as: "plain",
        text: "Start 02:11, end 02:22. Cause: a migration held a lock on the table orders.\nPlease write the review within two days.",
      },
    },
    {
      id: "review-1",
      from: "Yuki Sato <yuki@acme.example>",
      to: me,
      subject: "レビューのお願い: retry budget",
      hoursAgo: 4,
      body: {
        as: "base64",
        text: "Hi Ben,\n\ncould you review the change of the retry budget today? It blocks the release on Friday.\n\nありがとう, Yuki",
      },
    },
    {
      id: "review-2",
      answers: "review-1",
      from: "Yuki Sato <yuki@acme.example>",
      to: me,
      subject: "Re: レビューのお願い: retry budget",
      hoursAgo: 1,
      body: { as: "plain", text: "One more thing: the limit of three retries is a guess, I would like your opinion." },
    },
    {
      id: "travel",
      from: "Reisestelle <reisen@acme.example>",
      to: me,
      subject: "Ihre Fahrkarte nach München",
      hoursAgo: 22,
      flags: "S",
      body: {
        as: "attached",
        text: "Guten Tag Herr Krämer,\n\nanbei Ihre Fahrkarte. Abfahrt 7:29 Uhr, Wagen 12, Platz 61.",
        file: "fahrkarte.txt",
        type: "text/plain",
        content: "Berlin Hbf - München Hbf, ICE 501, Platz 61\n",
      },
    },
    {
      id: "weekly",
      from: "Type Weekly <hello@typeweekly.example>",
      to: me,
      subject: "What is new in type systems",
      hoursAgo: 30,
      flags: "S",
      headers: ["List-Unsubscribe: <https://typeweekly.example/leave>"],
      body: {
        as: "html",
        html: "<table><tr><td><h2>Issue 212</h2></td></tr><tr><td><p>Effects, rows &amp; handlers.</p></td></tr></table>",
      },
    },
    {
      id: "salary",
      from: "People <people@acme.example>",
      to: me,
      subject: "Gespräch am Montag",
      hoursAgo: 48,
      flags: "S",
      body: {
        as: "latin1",
        text: "Hallo Ben,\n\nunser Gespräch über deine Entwicklung findet Montag um 14 Uhr statt.\n\nGrüße, Jörg",
      },
    },
  ],
  calendars: {
    work: [
      {
        uid: "daily@acme.example",
        title: "Engineering daily",
        day: -60,
        at: "09:30",
        minutes: 15,
        rule: "FREQ=DAILY",
        without: [1],
        moved: [{ day: 2, to: 2, at: "13:00" }],
      },
      {
        uid: "postmortem@acme.example",
        title: "Review of last night's incident",
        day: 0,
        at: "11:00",
        minutes: 60,
        attendees: ["yuki@acme.example"],
      },
      {
        uid: "onboarding@acme.example",
        title: "Northwind onboarding: estimate for Ana",
        day: 0,
        at: "15:30",
        minutes: 30,
        attendees: ["ana@acme.example"],
      },
      {
        uid: "release@acme.example",
        title: "Release 4.2",
        day: 2,
        description: "Needs the review of the retry budget",
      },
    ],
  },
  files: {
    "incidents/review-draft.md":
      "# Incident: latency\n\nImpact: 11 minutes, 3 % of requests.\nCause: lock on orders.\nNext: lock_timeout for migrations.\n",
    "retry-budget.md": "Three retries with jitter. Why three? Nobody measured.\n",
    "todo.md": "- [ ] Review Yuki's change today\n- [ ] Incident review, due in two days\n",
  },
};
