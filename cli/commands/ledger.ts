import { Command } from "commander";
import { problem } from "../../api/reasons.ts";
import { confirm } from "../confirm.ts";
import { exitCodes } from "../exit.ts";
import { type GatewayFlags, gatewayOption, tokenFileOption } from "../gateway-client.ts";
import type { Checkout, Io } from "../io.ts";
import { openLedgerDesk } from "../ledger/desk.ts";
import { formatLedgerStatus, formatPlan, formatSettled } from "../ledger/text.ts";
import { outputOption } from "../output.ts";
import { type ConnectionFlags, connectionOptions } from "../serve/surroundings.ts";

interface Options extends ConnectionFlags, GatewayFlags {
  readonly output?: string;
  readonly yes?: boolean;
}

/** `roster ledger status|accept|adopt`: whether ledger and cluster belong together, and a person's word about it. */
export function ledgerCommand(io: Io, checkout: Checkout): Command {
  const ledger = new Command("ledger")
    .summary("see whether ledger and cluster belong together, and decide")
    .description(
      "After a restore, or with the wrong database, nothing runs until a person decides. Asks through the gateway; where\nDATABASE_URL is set, as in a pod of the controller, asks Postgres itself.",
    );
  const status = new Command("status")
    .summary("show how ledger and cluster stand to each other")
    .addOption(outputOption(["json"]))
    .addHelpText("after", "\nExample:\n  roster ledger status\n\nExits 1 while recovering.")
    .action(async (options: Options) => {
      await using desk = await openLedgerDesk(options, io, checkout);
      const found = await desk.status();
      io.out(options.output === "json" ? `${JSON.stringify(found, null, 2)}\n` : formatLedgerStatus(found));
      if (found.state === "Recovering") io.answerNo(exitCodes.failed);
    });
  const words = {
    accept: "say that the ledger is right as it is, for this cluster",
    adopt: "let this cluster take over the ledger of another one",
  };
  const settles = (["accept", "adopt"] as const).map((how) =>
    new Command(how)
      .summary(words[how])
      .option("--yes", "without being asked")
      .addOption(outputOption(["json"]))
      .addHelpText("after", `\nExample:\n  roster ledger ${how} --yes`)
      .action(async (options: Options) => {
        await using desk = await openLedgerDesk(options, io, checkout);
        const found = await desk.status();
        if (found.state !== "Recovering")
          throw problem(
            "InvalidRequest",
            "nothing is to be decided: ledger and cluster belong together, and nothing was changed",
          );
        const foreign = found.ledger.cluster !== undefined && found.ledger.cluster !== found.cluster.id;
        if (how === "adopt" && !foreign)
          throw problem(
            "InvalidRequest",
            "the ledger is not another cluster's; `roster ledger accept` is for this one",
          );
        if (how === "accept" && foreign)
          throw problem("InvalidRequest", "the ledger belongs to another cluster; `roster ledger adopt` takes it over");
        io.err(formatPlan(how, found));
        if (!options.yes) await confirm(how, io);
        const settled = await desk.settle(how, { ledger: found.ledger.id, epoch: found.ledger.epoch });
        io.out(options.output === "json" ? `${JSON.stringify(settled, null, 2)}\n` : formatSettled(how, settled));
      }),
  );
  for (const command of [status, ...settles]) {
    for (const option of [...connectionOptions, gatewayOption, tokenFileOption]) command.addOption(option);
    ledger.addCommand(command);
  }
  return ledger;
}
