import { Command, Option } from "commander";
import { problem } from "../../api/reasons.ts";
import type { Controller } from "../../controller/start.ts";
import type { Checkout, Io } from "../io.ts";
import { namespacesOption } from "../serve/confinement.ts";
import { openSurroundings } from "../serve/open-surroundings.ts";
import { serveProbes } from "../serve/probes.ts";
import { type ConnectionFlags, connectionOptions, toAddress, untilAsked } from "../serve/surroundings.ts";

interface Options extends ConnectionFlags {
  readonly probes?: ReturnType<typeof toAddress>;
  readonly modelTiers?: string;
  readonly logLevel: string;
}

/** `roster controller`: one controller process of an installation; any number may run. */
export function controllerCommand(io: Io, checkout: Checkout): Command {
  const command = new Command("controller")
    .summary("run a controller (part of an installation on a cluster)")
    .description(
      "Turns resources into ledger rows and ledger facts into status. Any number may run: one leads, all revoke.\n" +
        "Reads DATABASE_URL, ROSTER_LEDGER_KEY_FILE and ROSTER_IDENTITY.",
    );
  for (const option of connectionOptions) command.addOption(option);
  return command
    .addOption(namespacesOption)
    .option("--model-tiers <file>", "with --namespaces: the ModelTiers, which no Role lets it read")
    .addOption(new Option("--probes <host:port>", "serve /healthz and /readyz here").argParser(toAddress))
    .option("--log-level <level>", "debug, info, warn or error", "info")
    .addHelpText(
      "after",
      "\nExample:\n  DATABASE_URL=postgres://… ROSTER_LEDGER_KEY_FILE=master.key roster controller --kubeconfig ~/.kube/config",
    )
    .action(async (flags: Options) => {
      await using stack = new AsyncDisposableStack();
      const surroundings = await openSurroundings("controller", { flags, io, checkout }, stack);
      const { ledger, log, identity } = surroundings;
      let controller: Controller | undefined;
      const ready = async () => {
        const { last } = ledger.pairing;
        if (last?.kind === "recovering") throw problem("Recovering", last.message);
        await ledger.ping(1_000);
      };
      if (flags.probes) stack.use(await serveProbes(flags.probes, ready, async () => controller?.metrics() ?? ""));
      const { startController } = await import("../../controller/start.ts");
      controller = stack.use(await startController(surroundings));
      log.info("controller started", { identity });
      await untilAsked();
    });
}
