import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { text } from "node:stream/consumers";
import type { Resource } from "../../api/resource.ts";
import { buildTools } from "./tools.ts";

/** What GitOps tools make of an object. */
export interface Verdict {
  /** Of kstatus, by which Flux waits. */
  readonly kstatus: "Current" | "InProgress" | "Failed" | "Terminating" | "NotFound" | "Unknown";
  /** Of the health check that Argo CD is given, in the Lua that it runs. */
  readonly health: "Healthy" | "Progressing" | "Degraded" | "Suspended" | "Missing" | "Unknown";
  readonly message: string;
}

/** Judges objects with kstatus and gopher-lua themselves; builds them first where needed. */
export async function judge(items: readonly Resource[]): Promise<readonly Verdict[]> {
  const { "gitops-judge": file } = await buildTools(["gitops-judge"], (line) => process.stdout.write(`${line}\n`));
  const lua = readFileSync(path.join(import.meta.dirname, "../../manifests/argocd/health.lua"), "utf8");
  const child = spawn(file, { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.end(JSON.stringify({ lua, items }));
  const [answer, [code]] = await Promise.all([text(child.stdout), once(child, "exit")]);
  if (code !== 0) throw new Error(`gitops-judge ended with exit code ${code}`);
  return answer
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Verdict);
}
