import { z } from "zod";
import { Problem } from "../../../lib/problem.ts";
import { defineTool, type Tool } from "../tool.ts";
import { folderOf, idOf, type Listed, mailboxOf, newest, toJson, withSummary } from "./mailbox.ts";
import { keyMark } from "./maildir.ts";
import { maxMessageBytes, readMessage, searchable } from "./message.ts";

// Reading every header of a large mailbox would take minutes; what a person looks for is nearly always among these.
const searchedMessages = 2000;
const searchedBytes = 64_000_000;
const searchedBytesEach = 300_000;

const limitOf = z.number().int().min(1).max(50).default(20);

/** Tools that change nothing. */
export const readingTools: readonly Tool[] = [
  defineTool({
    name: "list",
    description: "Lists messages of a folder, newest first: sender, subject, date, whether unread.",
    effect: "Read",
    input: {
      folder: folderOf.default("INBOX").describe("INBOX, Sent, Drafts or another folder"),
      unread_only: z.boolean().default(false),
      since: z.iso.datetime({ offset: true }).optional().describe("Only messages delivered at or after this time"),
      limit: limitOf,
    },
    async run({ folder, unread_only, since, limit }, desk) {
      const mailbox = mailboxOf(desk);
      const from = since === undefined ? 0 : Date.parse(since) / 1000;
      const entries = (await mailbox.list(folder)).filter(
        (entry) => entry.delivered >= from && !(unread_only && entry.flags.includes("S")),
      );
      const messages = [];
      for (const entry of entries.slice(0, limit)) {
        const listed = await withSummary(mailbox, entry);
        if (listed) messages.push(await toJson(mailbox, listed));
      }
      return { folder, folders: await mailbox.folders(), messages, total: entries.length };
    },
  }),
  defineTool({
    name: "get",
    description: "Reads one message: text (HTML is turned into text), recipients and names of attachments.",
    effect: "Read",
    input: { id: idOf },
    async run({ id }, desk) {
      const mailbox = mailboxOf(desk);
      const entry = await mailbox.get(id);
      const { bytes, size } = await mailbox.read(entry, maxMessageBytes);
      return {
        id: entry.id,
        folder: entry.folder,
        unread: !entry.flags.includes("S"),
        labels: await mailbox.labelsOf(entry),
        ...(await readMessage(bytes, size)),
      };
    },
  }),
  defineTool({
    name: "thread",
    description: "Lists the conversation that a message belongs to, oldest first, from all folders.",
    effect: "Read",
    input: { id: idOf },
    async run({ id }, desk) {
      const mailbox = mailboxOf(desk);
      const start = await withSummary(mailbox, await mailbox.get(id));
      if (!start) throw new Problem("NotFound", `message "${id.slice(0, 120)}" was moved; list again`);
      const known: Listed[] = [];
      for (const entry of await newest(mailbox, searchedMessages)) {
        const listed = await withSummary(mailbox, entry);
        if (listed) known.push(listed);
      }
      const messages = await Promise.all(conversation(start, known).map((listed) => toJson(mailbox, listed)));
      return { messages: messages.slice(-100) };
    },
  }),
  defineTool({
    name: "search",
    description: "Finds messages that have all the given words in sender, recipients, subject or text, newest first.",
    effect: "Read",
    input: { query: z.string().min(1).max(200), limit: limitOf },
    async run({ query, limit }, desk) {
      const mailbox = mailboxOf(desk);
      const words = query.toLowerCase().split(/\s+/).filter(Boolean);
      const found = [];
      let left = searchedBytes;
      let searched = 0;
      for (const entry of await newest(mailbox, searchedMessages)) {
        if (left <= 0 || found.length >= limit) break;
        const read = await mailbox.read(entry, searchedBytesEach).catch(() => undefined);
        if (!read) continue;
        left -= read.bytes.length;
        searched++;
        const text = (await searchable(read.bytes)).toLowerCase();
        const listed = words.every((word) => text.includes(word)) ? await withSummary(mailbox, entry) : undefined;
        if (listed) found.push(await toJson(mailbox, listed));
      }
      return { messages: found, searched };
    },
  }),
  defineTool({
    name: "find_sent",
    description: "Says whether a message was sent or drafted with an idempotency key.",
    effect: "Read",
    input: { idempotency_key: z.string().min(1).max(200) },
    async run({ idempotency_key }, desk) {
      const entry = await mailboxOf(desk).findMarked(keyMark(idempotency_key));
      return entry ? { found: true, id: entry.id, folder: entry.folder } : { found: false };
    },
  }),
];

/** Messages that are linked to `start` by message ids, in either direction and over any number of steps. */
function conversation(start: Listed, known: readonly Listed[]): readonly Listed[] {
  const ids = new Set([start.summary.messageId, ...start.summary.references].filter((id) => id !== ""));
  const linked = new Map([[start.entry.id, start]]);
  for (let size = -1; size !== linked.size; ) {
    size = linked.size;
    for (const one of known) {
      const { messageId, references } = one.summary;
      if (linked.has(one.entry.id) || ![messageId, ...references].some((id) => ids.has(id))) continue;
      linked.set(one.entry.id, one);
      for (const id of [messageId, ...references]) if (id !== "") ids.add(id);
    }
  }
  return [...linked.values()].sort((a, b) => a.entry.delivered - b.entry.delivered);
}
