import { readFileSync } from "node:fs";
import path from "node:path";
import { Command, CommanderError } from "commander";
import { systemClock } from "../lib/clock.ts";
import { controllerCommand } from "./commands/controller.ts";
import { gatewayCommand } from "./commands/gateway.ts";
import { ledgerCommand } from "./commands/ledger.ts";
import { lintCommand } from "./commands/lint.ts";
import { offboardingCommand } from "./commands/offboarding.ts";
import { renderCommand } from "./commands/render.ts";
import { runsCommand } from "./commands/runs.ts";
import { traceCommand } from "./commands/trace.ts";
import { uninstallCommand } from "./commands/uninstall.ts";
import { upCommand } from "./commands/up.ts";
import { versionCommand } from "./commands/version.ts";
import { exitCodes, explain } from "./exit.ts";
import type { Checkout, Io } from "./io.ts";

const root = path.dirname(import.meta.dirname);
let answer = exitCodes.done as number;
const io: Io = {
  env: process.env,
  // npm runs its scripts in the checkout and says where the person was; paths that a person types are meant from there.
  cwd: process.cwd() === root ? (process.env.INIT_CWD ?? root) : process.cwd(),
  clock: systemClock,
  terminal: process.stdout.isTTY === true,
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  answerNo: (exitCode) => {
    answer = exitCode;
  },
};

function checkoutOf(root: string): Checkout {
  const { version } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as { version: string };
  return { root, version };
}

function program(): Command {
  const checkout = checkoutOf(root);
  const roster = new Command("roster")
    .description("Hires, governs and fires AI agents by pull request.")
    .version(checkout.version, "-V, --version")
    .configureHelp({ sortSubcommands: true })
    .addHelpText(
      "after",
      "\nExample:\n  roster up\n\nExit codes: 0 done · 1 failed · 2 wrong usage or invalid manifest · 3 not found · 4 not allowed · 5 cannot be reached\n" +
        "Everything else is kubectl: `kubectl get roster`, `kubectl describe abind <name>`, `kubectl explain agentrole.spec`.",
    );
  for (const command of [
    upCommand(io, checkout),
    renderCommand(io),
    lintCommand(io),
    traceCommand(io, checkout),
    runsCommand(io, checkout),
    ledgerCommand(io, checkout),
    offboardingCommand(io, checkout),
    uninstallCommand(io, checkout),
    controllerCommand(io, checkout),
    gatewayCommand(io, checkout),
    versionCommand(io, checkout),
  ]) {
    roster.addCommand(command);
  }
  // Commands throw instead of exiting: one place decides the exit code.
  for (const command of [roster, ...roster.commands, ...roster.commands.flatMap((one) => one.commands)])
    command.exitOverride().showHelpAfterError("(add --help for usage)");
  return roster;
}

/** Runs one command line. Returns the exit code; never throws. */
export async function run(args: readonly string[]): Promise<number> {
  try {
    await program().parseAsync(args, { from: "user" });
    return answer;
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) return explain(thrown, io);
    // Commander has printed its message already. It says 1 where the command line is wrong; kubectl's habit is free there.
    return thrown.exitCode === 1 ? exitCodes.invalid : thrown.exitCode;
  }
}
