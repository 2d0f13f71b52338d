import { Command } from "commander";
import type { Checkout, Io } from "../io.ts";
import { outputOption } from "../output.ts";

/** `roster version`. */
export function versionCommand(io: Io, checkout: Checkout): Command {
  return new Command("version")
    .summary("print the version of Roster and of what it runs on")
    .addOption(outputOption(["json"]))
    .addHelpText("after", "\nExample:\n  roster version -o json")
    .action((options: { output?: string }) => {
      const facts = {
        roster: checkout.version,
        node: process.versions.node,
        api: "roster.dev/v1alpha1",
        kubernetes: ">=1.32",
      };
      if (options.output === "json") io.out(`${JSON.stringify(facts, null, 2)}\n`);
      else io.out(`roster ${facts.roster} (API ${facts.api}, Kubernetes ${facts.kubernetes}, Node ${facts.node})\n`);
    });
}
