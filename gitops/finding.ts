import { problem } from "../api/reasons.ts";
import type { Problem } from "../lib/problem.ts";

/** A place in a file that a person edits. Lines and columns count from 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One thing that is wrong with a file, and where. */
export interface Finding {
  readonly at: Position;
  readonly message: string;
}

/** `file:line:column: message`, the form that editors and terminals link. */
export function formatFinding(finding: Finding): string {
  const { file, line, column } = finding.at;
  return `${file}:${line}:${column}: ${finding.message}`;
}

/** One `InvalidManifest` for all findings: the first in full, the others counted; all of them in `details.findings`. */
export function toProblem(findings: readonly Finding[]): Problem {
  const [first] = findings;
  if (!first) throw new Error("a problem needs at least one finding");
  const rest = findings.length > 1 ? ` (and ${findings.length - 1} more)` : "";
  return problem("InvalidManifest", formatFinding(first) + rest, {
    details: { file: first.at.file, line: first.at.line, findings: findings.map(formatFinding) },
  });
}

/** Thrown inside this folder to leave a walk at the first finding; turned into a list of findings at its door. */
export class Refusal extends Error {
  readonly findings: readonly Finding[];

  constructor(...findings: readonly Finding[]) {
    super(findings.map(formatFinding).join("\n"));
    this.findings = findings;
  }
}
