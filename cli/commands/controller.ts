import { Command, Option } from "commander";
import { problem } from "../../api/reasons.ts";
import type { Controller } from "../../controller/start.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { untilAborted } from "../../lib/abort.ts";
import type { Checkout, Io } from "../io.ts";
import { namespacesOption } from "../serve/confinement.ts";
import { openSurroundings } from "../serve/open-surroundings.ts";
import { serveProbes } from "../serve/probes.ts";
import { type ConnectionFlags, connectionOptions, toAddress } from "../serve/surroundings.ts";
import { untilAsked } from "../serve/until-asked.ts";

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
    .action((flags: Options) =>
      untilAsked(async (asked) => {
        await using stack = new AsyncDisposableStack();
        let ledger: Ledger | undefined;
        let unlisted: (() => readonly string[]) | undefined;
        let controller: Controller | undefined;
        // Before the ledger is opened: a process that waits for a migration lives, and a kubelet must see that it does.
        if (flags.probes)
          stack.use(
            await serveProbes(flags.probes, {
              ready: () => assertReady(ledger, unlisted?.()),
              metrics: async () => controller?.metrics() ?? "",
              otherwise: 404,
            }),
          );
        const surroundings = await openSurroundings("controller", { flags, io, checkout, asked }, stack);
        const { log, identity } = surroundings;
        ledger = surroundings.ledger;
        const { startController } = await import("../../controller/start.ts");
        const listing = (names: () => readonly string[]) => {
          unlisted = names;
        };
        controller = stack.use(await startController({ ...surroundings, asked, listing }));
        log.info("controller started", { identity });
        await untilAborted(asked);
      }),
    );
}

/**
 * Whether a controller may be relied on, leading or not. Throws why not: LedgerUnavailable, Recovering, and KubeUnavailable
 * naming what it follows and was never able to list, for want of a definition or of a right.
 */
async function assertReady(ledger: Ledger | undefined, unlisted: readonly string[] | undefined): Promise<void> {
  if (ledger === undefined)
    throw problem("LedgerUnavailable", "the ledger is not open yet: its schema may be being brought up to date");
  const { last } = ledger.pairing;
  if (last?.kind === "recovering") throw problem("Recovering", last.message);
  if (unlisted === undefined) throw problem("KubeUnavailable", "the Kubernetes API was not asked yet");
  if (unlisted.length > 0) throw problem("KubeUnavailable", `not listed yet: ${unlisted.join(", ")}`);
  await ledger.ping(1_000);
}
