import { z } from "zod";
import { type Desk, defineTool, type Tool } from "../tool.ts";
import { compose } from "./compose.ts";
import { folderOf, idOf, mailboxOf, withSummary } from "./mailbox.ts";

const addressesOf = z.array(z.string().min(3).max(320)).max(50);
const message = {
  to: addressesOf.min(1),
  cc: addressesOf.default([]),
  subject: z.string().max(500),
  text: z.string().max(50_000),
  in_reply_to: idOf.optional().describe("Id of the message that this answers"),
  idempotency_key: z.string().min(1).max(200).optional().describe("A second call with the same key does nothing"),
};

interface Message {
  readonly to: readonly string[];
  readonly cc: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly in_reply_to?: string | undefined;
}

/** Tools that write. `send` puts the message into Sent, from where the mail system of a real setup takes it. */
export const writingTools: readonly Tool[] = [
  defineTool({
    name: "create_draft",
    description: "Writes a draft into Drafts. Nothing is sent.",
    effect: "Write",
    input: message,
    run: ({ idempotency_key, ...draft }, desk) =>
      desk.alone(async () => {
        const bytes = await composed(draft, desk);
        const { id, repeated } = await mailboxOf(desk).deliver("Drafts", bytes, "DS", idempotency_key);
        return { id, folder: "Drafts", repeated };
      }),
  }),
  defineTool({
    name: "label",
    description: "Adds a label to a message, or removes it.",
    effect: "Write",
    idempotent: true,
    input: {
      id: idOf,
      label: z
        .string()
        .regex(/^[A-Za-z0-9_$-]{1,40}$/)
        .describe("One word, such as invoices"),
      present: z.boolean().default(true).describe("false removes the label"),
    },
    run: ({ id, label, present }, desk) =>
      desk.alone(async () => {
        const mailbox = mailboxOf(desk);
        await mailbox.label(await mailbox.get(id), label, present);
        const entry = await mailbox.get(id);
        return { id, labels: await mailbox.labelsOf(entry) };
      }),
  }),
  defineTool({
    name: "move",
    description: "Moves a message to another folder, such as Archive. The folder is made where there is none.",
    effect: "Write",
    idempotent: true,
    input: { id: idOf, folder: folderOf },
    async run({ id, folder }, desk) {
      const mailbox = mailboxOf(desk);
      await mailbox.move(await mailbox.get(id), folder);
      return { id, folder };
    },
  }),
  defineTool({
    name: "send",
    description: "Sends a message to the given addresses. It cannot be taken back.",
    effect: "Destructive",
    input: message,
    run: ({ idempotency_key, ...draft }, desk) =>
      desk.alone(async () => {
        const bytes = await composed(draft, desk);
        const { id, repeated } = await mailboxOf(desk).deliver("Sent", bytes, "S", idempotency_key);
        return { id, folder: "Sent", repeated };
      }),
  }),
];

async function composed(draft: Message, desk: Desk): Promise<Uint8Array> {
  const mailbox = mailboxOf(desk);
  const answered =
    draft.in_reply_to === undefined ? undefined : await withSummary(mailbox, await mailbox.get(draft.in_reply_to));
  const { to, cc, subject, text } = draft;
  return compose({
    from: desk.user.user,
    to,
    cc,
    subject,
    text,
    date: desk.clock.now(),
    ...(answered ? { inReplyTo: answered.summary.messageId, references: answered.summary.references } : {}),
  });
}
