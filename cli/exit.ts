import { hintOf } from "../api/reasons.ts";
import { messageOf, Problem } from "../lib/problem.ts";
import type { Io } from "./io.ts";

/** What each exit code means; printed by `roster --help`. Eval commands add 100. */
export const exitCodes = {
  done: 0,
  failed: 1,
  invalid: 2,
  notFound: 3,
  notAllowed: 4,
  unreachable: 5,
} as const;

const codes: Readonly<Record<string, number>> = {
  InvalidManifest: exitCodes.invalid,
  InvalidRequest: exitCodes.invalid,
  InvalidAmount: exitCodes.invalid,
  NotFound: exitCodes.notFound,
  Forbidden: exitCodes.notAllowed,
  Unauthenticated: exitCodes.notAllowed,
  KubeUnavailable: exitCodes.unreachable,
  GatewayUnavailable: exitCodes.unreachable,
  LedgerUnavailable: exitCodes.unreachable,
};

/** Tells a person what failed and what to do next. Returns the exit code. A bug shows its stack, nothing else does. */
export function explain(thrown: unknown, io: Io): number {
  if (!(thrown instanceof Problem)) {
    io.err(`error: ${messageOf(thrown)}\n`);
    if (thrown instanceof Error && thrown.stack) io.err(`${thrown.stack}\nThis is a bug in Roster.\n`);
    return exitCodes.failed;
  }
  const { findings } = thrown.details;
  const lines = Array.isArray(findings) ? findings.map(String) : [thrown.message];
  for (const line of lines) io.err(`error: ${line}\n`);
  const hint = hintOf(thrown.reason);
  if (hint !== "" && hint !== "Nothing to do.") io.err(`  → ${hint}\n`);
  return codes[thrown.reason] ?? exitCodes.failed;
}
