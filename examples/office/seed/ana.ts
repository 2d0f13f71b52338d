import type { Person } from "./person.ts";

const me = "Ana Marques <ana@acme.example>";

/** Ana sells; she lives in Lisbon and has a customer in New York. */
export const ana: Person = {
  user: "ana@acme.example",
  timeZone: "Europe/Lisbon",
  letters: [
    {
      id: "northwind-1",
      from: "Héloïse Núñez <heloise@northwind.example>",
      to: me,
      subject: "Renewal: we need your answer by Thursday ✔",
      hoursAgo: 3,
      body: {
        as: "plain",
        text: "Hi Ana,\n\nour board meets on Thursday morning. Could you confirm the renewal price of 48,000 € for three years, and whether onboarding is included? Without it I cannot put it on the agenda.\n\nMerci,\nHéloïse",
      },
    },
    {
      id: "northwind-0",
      from: me,
      to: "Héloïse Núñez <heloise@northwind.example>",
      subject: "Renewal",
      hoursAgo: 50,
      flags: "S",
      folder: "Sent",
      body: {
        as: "base64",
        text: "Dear Héloïse,\n\nattached is our first proposal. I will check the onboarding question with Ben.\n\nBest,\nAna",
      },
    },
    {
      id: "northwind-2",
      answers: "northwind-1",
      from: "Tomás Vieira <tomas@acme.example>",
      to: me,
      subject: "Re: Renewal: we need your answer by Thursday",
      hoursAgo: 2,
      body: {
        as: "latin1",
        text: "Olá Ana,\n\na margem permite 46.500 com formação incluída. Não desças abaixo disso.\n\nTomás",
      },
    },
    {
      id: "invoice-7731",
      from: "Billing <billing@cloudhost.example>",
      to: me,
      subject: "Your invoice 7731",
      hoursAgo: 16,
      flags: "S",
      body: {
        as: "attached",
        text: "Please find attached invoice 7731 over 312.40 EUR, due in 14 days.",
        file: "invoice-7731.csv",
        type: "text/csv",
        content: "item,amount\nhosting,289.00\ntraffic,23.40\n",
      },
    },
    {
      id: "expo",
      from: "Lisbon Expo <news@expo.example>",
      to: me,
      subject: "=?utf-8?Q?Stands_at_half_price_=E2=80=93_until_Friday?=",
      hoursAgo: 20,
      headers: ["List-Unsubscribe: <mailto:leave@expo.example>", "Precedence: bulk"],
      body: {
        as: "html",
        html: '<html><head><style>p{color:red}</style></head><body><h1>Lisbon Expo</h1><p>Stands at <b>half price</b> until Friday &mdash; <a href="https://expo.example/stands">book here</a>.</p><img src="https://expo.example/pixel.gif"></body></html>',
      },
    },
    {
      id: "dinner",
      from: "Marta <marta@home.example>",
      to: me,
      subject: "Jantar na sexta? 🍲",
      hoursAgo: 26,
      flags: "S",
      body: {
        as: "both",
        text: "Sexta às 20h, em minha casa. Trazes a sobremesa?",
        html: "<p>Sexta às 20h, em minha casa. <i>Trazes a sobremesa?</i></p>",
      },
    },
    {
      id: "old-notes",
      from: "Tomás Vieira <tomas@acme.example>",
      to: me,
      subject: "Notes from the quarterly review",
      hoursAgo: 200,
      flags: "S",
      folder: "Archive",
      body: { as: "plain", text: "Pipeline 1.2 M, two deals at risk: Northwind and Fabrikam." },
    },
  ],
  calendars: {
    work: [
      {
        uid: "standup@acme.example",
        title: "Sales stand-up",
        day: -28,
        at: "09:15",
        minutes: 15,
        rule: "FREQ=DAILY",
        without: [2],
        moved: [{ day: 1, to: 1, at: "11:45" }],
        location: "Room Tejo",
      },
      {
        uid: "northwind-call@acme.example",
        title: "Northwind: renewal call",
        day: 0,
        at: "10:00",
        minutes: 30,
        zone: "America/New_York",
        location: "Video",
        description: "Price, onboarding, term. Héloïse and her CFO.",
        attendees: ["heloise@northwind.example", "ana@acme.example"],
      },
      {
        uid: "pipeline@acme.example",
        title: "Pipeline review with Tomás",
        day: 0,
        at: "16:00",
        minutes: 45,
        attendees: ["tomas@acme.example"],
      },
      { uid: "offsite@acme.example", title: "Team offsite", day: 3, description: "Sintra, all day" },
    ],
    home: [
      {
        uid: "school@home.example",
        title: "Parents' evening",
        day: 0,
        at: "18:30",
        minutes: 60,
        location: "Escola 12",
      },
    ],
  },
  files: {
    "northwind/proposal.md":
      "# Northwind renewal\n\n- Three years, 48,000 EUR\n- Open: is onboarding included?\n- Decision maker: Héloïse Núñez, board on Thursday\n",
    "northwind/contacts.csv": "name,role,mail\nHéloïse Núñez,COO,heloise@northwind.example\n",
    "todo.md": "- [ ] Answer Northwind before Thursday\n- [ ] Pay invoice 7731\n- [x] Book the offsite\n",
  },
};
