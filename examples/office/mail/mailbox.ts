import { z } from "zod";
import type { JsonObject } from "../../../lib/json.ts";
import type { Desk } from "../tool.ts";
import { type Entry, Maildir } from "./maildir.ts";
import { maxHeaderBytes, type Summary, summarise } from "./message.ts";

/** A message with what its headers say. */
export interface Listed {
  readonly entry: Entry;
  readonly summary: Summary;
}

export const idOf = z.string().min(1).max(300).describe("Id of a message, from list, search or thread");
export const folderOf = z.string().min(1).max(200);

export function mailboxOf(desk: Desk): Maildir {
  return new Maildir(desk.user.maildir, desk.clock);
}

export async function withSummary(mailbox: Maildir, entry: Entry): Promise<Listed | undefined> {
  const read = await mailbox.read(entry, maxHeaderBytes).catch(() => undefined);
  return read && { entry, summary: await summarise(read.bytes) };
}

/** A message as a list shows it. Seen is the S flag of the Maildir. */
export async function toJson(mailbox: Maildir, { entry, summary }: Listed): Promise<JsonObject> {
  return {
    id: entry.id,
    folder: entry.folder,
    from: summary.from,
    to: summary.to.slice(0, 10),
    subject: summary.subject,
    date: summary.date,
    unread: !entry.flags.includes("S"),
    flagged: entry.flags.includes("F"),
    labels: await mailbox.labelsOf(entry),
  };
}

/** The newest messages of all folders. */
export async function newest(mailbox: Maildir, limit: number): Promise<readonly Entry[]> {
  const all: Entry[] = [];
  for (const folder of await mailbox.folders()) all.push(...(await mailbox.list(folder)));
  return all.sort((a, b) => b.delivered - a.delivered).slice(0, limit);
}
