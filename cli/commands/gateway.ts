import { readFileSync } from "node:fs";
import { Command, Option } from "commander";
import { sha256 } from "../../lib/ids.ts";
import { openLog } from "../../lib/log.ts";
import type { Checkout, Io } from "../io.ts";
import { readGatewayConfig } from "../serve/gateway-config.ts";
import {
  type ConnectionFlags,
  connectionOf,
  connectionOptions,
  identityOf,
  ledgerOf,
  secretFile,
  toAddress,
  untilAsked,
} from "../serve/surroundings.ts";

interface Options extends ConnectionFlags {
  readonly listen: ReturnType<typeof toAddress>;
  readonly config?: string;
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
    .option("--config <file>", "the operator's settings: localServers, defaultModel, allowPrivateNetworks")
    .option("--log-level <level>", "debug, info, warn or error", "info")
    .addHelpText("after", "\nExample:\n  roster gateway --in-cluster --listen 0.0.0.0:7480 --config gateway.yaml")
    .action(async (options: Options) => {
      const config = readGatewayConfig(options.config);
      const workerToken = secretFile("ROSTER_WORKER_TOKEN_FILE", io);
      const operatorToken = secretFile("ROSTER_OPERATOR_TOKEN_FILE", io);
      // The planes are loaded only where they run: the other commands answer in a third of the time.
      const [{ startGateway }, { connect }, { openLedger }] = await Promise.all([
        import("../../gateway/start.ts"),
        import("../../kube/connect.ts"),
        import("../../ledger/open.ts"),
      ]);
      const identity = identityOf(io);
      const log = openLog({ level: options.logLevel, name: "gateway" });
      const { clock } = io;
      await using stack = new AsyncDisposableStack();
      const kube = stack.use(
        await connect(connectionOf(options, io, checkout), {
          log,
          clock,
          userAgent: `roster-gateway/${checkout.version}`,
        }),
      );
      const ledger = stack.use(await openLedger({ ...ledgerOf(io), clock, log, writer: `gateway/${identity}` }));
      const { defaultModel } = config;
      const gateway = stack.use(
        await startGateway({
          ledger,
          kube,
          clock,
          log,
          ...options.listen,
          identity,
          workerTokenHashes: [sha256(workerToken)],
          operatorTokenHashes: [sha256(operatorToken)],
          ...(defaultModel === undefined
            ? {}
            : {
                defaultModel: {
                  baseURL: defaultModel.baseURL,
                  ...(defaultModel.apiKeyFile === undefined
                    ? {}
                    : { apiKey: readFileSync(defaultModel.apiKeyFile, "utf8").trim() }),
                  ...(defaultModel.model === undefined ? {} : { model: defaultModel.model }),
                },
              }),
          localServers: Object.fromEntries(
            Object.entries(config.localServers).map(([name, server]) => {
              if (server.kind === "http") return [name, server];
              const { credentialEnv, ...rest } = server;
              return [name, credentialEnv === undefined ? rest : { ...rest, credentialEnv }];
            }),
          ),
          allowPrivateNetworks: config.allowPrivateNetworks,
        }),
      );
      log.info("gateway started", { identity, url: gateway.url });
      await untilAsked();
    });
}
