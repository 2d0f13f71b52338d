import { readdir } from "node:fs/promises";
import path from "node:path";
import { Problem } from "../../../lib/problem.ts";

/** Where the folders of a mailbox are. */
export interface Layout {
  /** Name → folder on disk. INBOX is always there, the others in order of their names. */
  readonly folders: ReadonlyMap<string, string>;
  /** Where a folder of that name would be made. */
  place(name: string): string;
}

const parts = new Set(["cur", "new", "tmp"]);
// Deep and wide enough for anybody's mail; a setting that names a whole disk by mistake ends here.
const maxDepth = 6;
const maxFolders = 2000;

/**
 * Looks at how a mailbox keeps its folders. Maildir++ (Dovecot, Courier) puts them beside the inbox, which is the root:
 * `.Archive`, `.Clients.Acme`. mbsync and offlineimap make folders in folders, `Archive/2024`, with the inbox as one of them.
 * Symbolic links are not followed. Throws NotFound when there is no mailbox.
 */
export async function readLayout(root: string): Promise<Layout> {
  const found = new Map<string, string>();
  let inbox: string | undefined;
  let looked = 0;
  let dotted = false;
  const look = async (at: string, name: string, depth: number): Promise<void> => {
    const entries = await readdir(at, { withFileTypes: true }).catch(() => undefined);
    if (!entries && depth === 0) throw new Problem("NotFound", "the mailbox does not exist");
    const folders = (entries ?? []).filter((entry) => entry.isDirectory()).map((entry) => entry.name);
    if (folders.includes("cur") || folders.includes("new")) {
      // The root itself, or where that is only a place for folders, the one that is called so.
      if (depth === 0 || (inbox === undefined && depth === 1 && /^inbox$/i.test(name))) inbox = at;
      else {
        found.set(name, at);
        dotted ||= path.dirname(at) === root && path.basename(at).startsWith(".");
      }
    }
    if (depth === maxDepth) return;
    for (const folder of folders.sort()) {
      const hidden = folder.startsWith(".");
      // Only the root has Maildir++ folders; below it a dot hides something that is no mail.
      if (parts.has(folder) || (hidden && depth > 0) || ++looked > maxFolders) continue;
      const shown = hidden ? folder.slice(1) : folder;
      await look(path.join(at, folder), depth === 0 ? shown : `${name}/${shown}`, depth + 1);
    }
  };
  await look(root, "", 0);
  const nested = !dotted && found.size + (inbox === undefined || inbox === root ? 0 : 1) > 0;
  const inOrder = [...found].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    folders: new Map([["INBOX", inbox ?? root], ...inOrder]),
    place: (name) => (name === "INBOX" ? (inbox ?? root) : path.join(root, nested ? name : `.${name}`)),
  };
}
