import { Command, Option } from "commander";
import { openLog } from "../../lib/log.ts";
import type { Checkout, Io } from "../io.ts";
import { serveProbes } from "../serve/probes.ts";
import {
  type ConnectionFlags,
  connectionOf,
  connectionOptions,
  identityOf,
  ledgerOf,
  toAddress,
  untilAsked,
} from "../serve/surroundings.ts";

interface Options extends ConnectionFlags {
  readonly probes?: ReturnType<typeof toAddress>;
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
    .addOption(new Option("--probes <host:port>", "serve /healthz and /readyz here").argParser(toAddress))
    .option("--log-level <level>", "debug, info, warn or error", "info")
    .addHelpText(
      "after",
      "\nExample:\n  DATABASE_URL=postgres://… ROSTER_LEDGER_KEY_FILE=master.key roster controller --kubeconfig ~/.kube/config",
    )
    .action(async (options: Options) => {
      // The planes are loaded only where they run: the other commands answer in a third of the time.
      const [{ startController }, { connect }, { openLedger }] = await Promise.all([
        import("../../controller/start.ts"),
        import("../../kube/connect.ts"),
        import("../../ledger/open.ts"),
      ]);
      const identity = identityOf(io);
      const log = openLog({ level: options.logLevel, name: "controller" });
      const { clock } = io;
      await using stack = new AsyncDisposableStack();
      const kube = stack.use(
        await connect(connectionOf(options, io, checkout), {
          log,
          clock,
          userAgent: `roster-controller/${checkout.version}`,
        }),
      );
      const ledger = stack.use(await openLedger({ ...ledgerOf(io), clock, log, writer: `controller/${identity}` }));
      if (options.probes) stack.use(await serveProbes(options.probes, () => ledger.ping(1_000)));
      stack.use(await startController({ kube, ledger, clock, log, identity }));
      log.info("controller started", { identity });
      await untilAsked();
    });
}
