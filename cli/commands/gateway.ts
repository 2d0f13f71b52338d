import { Command, InvalidArgumentError, Option } from "commander";
import { problem } from "../../api/reasons.ts";
import { beforeAborted, untilAborted } from "../../lib/abort.ts";
import { sha256 } from "../../lib/ids.ts";
import type { Checkout, Io } from "../io.ts";
import { namespacesOption } from "../serve/confinement.ts";
import { readGatewayConfig } from "../serve/gateway-config.ts";
import { openSurroundings } from "../serve/open-surroundings.ts";
import { type Probes, serveProbes } from "../serve/probes.ts";
import { type ConnectionFlags, connectionOptions, secretFile, toAddress } from "../serve/surroundings.ts";
import { untilAsked } from "../serve/until-asked.ts";

interface Options extends ConnectionFlags {
  readonly listen: ReturnType<typeof toAddress>;
  readonly config?: string;
  readonly drain: number;
  readonly logLevel: string;
}

/** `roster gateway`: one gateway process of an installation; any number may run. */
export function gatewayCommand(io: Io, checkout: Checkout): Command {
  const command = new Command("gateway")
    .summary("run a gateway (part of an installation on a cluster)")
    .description(
      "The enforcement point: every model call, tool call and memory access of every agent passes through it.\n" +
        "Reads DATABASE_URL, ROSTER_LEDGER_KEY_FILE, ROSTER_IDENTITY, ROSTER_WORKER_TOKEN_FILE and ROSTER_OPERATOR_TOKEN_FILE.",
    );
  for (const option of connectionOptions) command.addOption(option);
  return command
    .addOption(
      new Option("--listen <host:port>", "where to serve")
        .argParser(toAddress)
        .default({ host: "127.0.0.1", port: 7480 }, "127.0.0.1:7480"),
    )
    .addOption(namespacesOption)
    .option("--config <file>", "the operator's settings: localServers, defaultModel, allowPrivateNetworks")
    .addOption(
      new Option("--drain <seconds>", "how long calls in flight may go on once it is asked to stop")
        .argParser(toSeconds)
        .default(45),
    )
    .option("--log-level <level>", "debug, info, warn or error", "info")
    .addHelpText("after", "\nExample:\n  roster gateway --in-cluster --listen 0.0.0.0:7480 --config gateway.yaml")
    .action((flags: Options) =>
      untilAsked(async (asked) => {
        const operator = readGatewayConfig(flags.config);
        const workerToken = secretFile("ROSTER_WORKER_TOKEN_FILE", io);
        const operatorToken = secretFile("ROSTER_OPERATOR_TOKEN_FILE", io);
        await using stack = new AsyncDisposableStack();
        // Where the gateway will serve: a process that waits for a migration lives, and a kubelet must see that it does.
        const early = stack.use(await serveProbes(flags.listen, starting));
        const surroundings = await openSurroundings("gateway", { flags, io, checkout, asked }, stack);
        const { log, identity } = surroundings;
        const { startGateway } = await import("../../gateway/start.ts");
        // As late as can be: until the gateway listens nobody answers here.
        await early[Symbol.asyncDispose]();
        const gateway = stack.use(
          await beforeAborted(asked, () =>
            startGateway({
              ...surroundings,
              ...flags.listen,
              ...operator,
              workerTokenHashes: [sha256(workerToken)],
              operatorTokenHashes: [sha256(operatorToken)],
              drainMs: flags.drain * 1_000,
            }),
          ),
        );
        log.info("gateway started", { identity, url: gateway.url });
        await untilAborted(asked);
      }),
    );
}

function toSeconds(text: string): number {
  if (!/^\d{1,4}$/.test(text)) throw new InvalidArgumentError("write whole seconds, such as 45");
  return Number(text);
}

/** What is answered before there is a gateway. */
const starting: Probes = {
  async ready() {
    throw problem("LedgerUnavailable", "the ledger is not open yet: its schema may be being brought up to date");
  },
  async metrics() {
    throw problem("LedgerUnavailable", "the gateway has not started yet");
  },
  otherwise: 503,
};
