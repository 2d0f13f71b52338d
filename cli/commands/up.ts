import { Command } from "commander";
import type { Checkout, Io } from "../io.ts";
import { readSettings, type UpFlags } from "../up/settings.ts";

const environment = `
Environment:
  ROSTER_HOME                            where all state lives (.roster in the checkout)
  ROSTER_API_PORT, ROSTER_GATEWAY_PORT   ports on 127.0.0.1; 0 for any free one (7443, 7480)
  ROSTER_MODEL_URL, _KEY, _NAME          an OpenAI-compatible endpoint instead of the rehearsal
  ROSTER_OFFICE_USERS                    a file that maps people to their own Maildir, calendars and folder
  DATABASE_URL                           a Postgres of yours instead of the embedded one`;

/** `roster up`: the whole of Roster on one machine. */
export function upCommand(io: Io, checkout: Checkout): Command {
  return new Command("up")
    .summary("run the whole of Roster on this machine")
    .description(
      "Runs Postgres, a Kubernetes API, controller, gateway, model and runtime on this machine, applies the demo fleet and\nshows what happens. Ctrl-C stops everything; the next start resumes with the same state.",
    )
    .option("--reset", "begin afresh: deletes the state of earlier starts")
    .option("--manifests <folder>", "manifests to sync instead of manifests/demo")
    .option("--roles <folder>", "role folders to sync instead of roles")
    .option("--no-runtime", "start no runtime: workers of yours claim the runs (token in identities.json of the state)")
    .addHelpText("after", `\nExample:\n  roster up --reset\n${environment}`)
    .action(async (flags: UpFlags) => {
      const settings = readSettings(flags, io, checkout);
      // The planes are loaded only when they are run: the other commands answer in a third of the time.
      const { runUp } = await import("../up/run.ts");
      await runUp(settings, io, checkout, io.terminal ? process.stdout : undefined);
      io.out(`stopped; the state is in ${settings.home}\n`);
    });
}
