import { problem } from "../../api/reasons.ts";
import type { ToolResult } from "../../api/wire.ts";
import type { StepId, TokenState } from "../../ledger/ledger.ts";
import { sha256 } from "../../lib/ids.ts";
import type { JsonObject } from "../../lib/json.ts";
import type { Ports } from "../ports.ts";
import { specOf } from "../standing.ts";
import { toDataResult } from "../tools/result.ts";
import { artifactName } from "./artifact-name.ts";

type Arguments = Readonly<Record<string, unknown>>;
type Act = (args: Arguments, token: TokenState, id: StepId, ports: Ports) => Promise<JsonObject>;

/** What each builtin does. The binding is always the caller's own: no argument names one. */
const acts: Readonly<Record<string, Act>> = {
  "memory.list": async (_args, { binding }, _id, { ledger }) => {
    const documents = await ledger.documents.list(binding.uid);
    return { documents: documents.map(({ path, version, bytes }) => ({ path, version, bytes })) };
  },
  "memory.read": async (args, { binding }, _id, { ledger }) => {
    const path = String(args.path);
    const found = await ledger.documents.read(binding.uid, path);
    if (!found) throw problem("NotFound", `there is no document "${path}"; memory.list shows those that exist`);
    return { path, version: found.version, content: found.content };
  },
  "memory.write": async (args, { binding }, id, { ledger }) => {
    const path = String(args.path);
    const { version } = await ledger.documents.write(binding.uid, path, String(args.content), Number(args.version), id);
    return { path, version };
  },
  "artifact.write": async (args, { pinnedRole }, id, { ledger }) => {
    const content = Buffer.from(String(args.content), "utf8");
    const name = artifactName(String(args.name), sha256(content), pinnedRole.content);
    const written = await ledger.documents.putArtifact(id.runId, name, content);
    return { name, sha256: written.sha256, bytes: written.bytes };
  },
  "skill.read": async (args, { pinnedRole }) => {
    const name = String(args.name);
    const skills = specOf(pinnedRole).skills ?? [];
    const found = skills.find((skill) => skill.name === name);
    if (!found)
      throw problem(
        "NotFound",
        `there is no skill "${name}"; the role has ${skills.map((s) => s.name).join(", ") || "none"}`,
      );
    return { name, description: found.description, body: found.body ?? "" };
  },
};

/**
 * Serves one builtin for the caller's own binding. Idempotent by step id, so a repetition after a crash is safe. Throws
 * NotFound and Conflict, which the model may mend, and LedgerUnavailable.
 */
export async function actBuiltin(
  action: string,
  args: Arguments,
  token: TokenState,
  id: StepId,
  ports: Ports,
): Promise<ToolResult> {
  return toDataResult(await acts[action]!(args, token, id, ports));
}
