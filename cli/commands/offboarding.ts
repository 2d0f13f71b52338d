import { Command, Option } from "commander";
import type { OffboardingList } from "../../api/wire.ts";
import { ageOf } from "../age.ts";
import { askGateway, type GatewayFlags, gatewayOption, tokenFileOption } from "../gateway-client.ts";
import type { Checkout, Io } from "../io.ts";
import { outputOption } from "../output.ts";
import { type ConnectionFlags, connectionOf } from "../serve/surroundings.ts";
import { table } from "../table.ts";

interface Options extends ConnectionFlags, GatewayFlags {
  readonly namespace: string;
  readonly allNamespaces?: boolean;
  readonly output?: string;
}

/** `roster offboarding ls`: what remains to be revoked elsewhere of agents that were fired. */
export function offboardingCommand(io: Io, checkout: Checkout): Command {
  const list = new Command("ls")
    .alias("list")
    .summary("list what is still to be revoked at issuers")
    .description(
      "Lists the credentials of fired agents whose issuers have not confirmed the revocation: Pending is tried again soon;\nHandedOn took longer than ten minutes and is for a person to do (it is still tried, each hour). Nothing leaves the list\nbefore it is done, even though the binding is gone.",
    )
    .option("-n, --namespace <name>", "of the agents", "acme")
    .option("-A, --all-namespaces", "of all namespaces")
    .addOption(new Option("--in-cluster").hideHelp())
    .option("--context <name>", "context of the kubeconfig: who asks")
    .option("--kubeconfig <file>", "instead of KUBECONFIG or .roster/kubeconfig")
    .addOption(gatewayOption)
    .addOption(tokenFileOption)
    .addOption(outputOption(["json", "wide"]))
    .addHelpText("after", "\nExample:\n  roster offboarding ls -A -o wide")
    .action(async (options: Options) => {
      const where = options.allNamespaces ? "" : `namespaces/${encodeURIComponent(options.namespace)}/`;
      const from = { connection: connectionOf(options, io, checkout), flags: options, io };
      const found = await askGateway<OffboardingList>(`/v1/${where}offboardings`, from);
      if (options.output === "json") io.out(`${JSON.stringify(found, null, 2)}\n`);
      else io.out(formatOffboardings(found, options.output === "wide", io.clock.now()));
      if (options.output !== "json" && found.items.length === 0) io.err("nothing is left to be revoked\n");
      if (found.more) io.err("… and more: ask namespace by namespace\n");
    });
  return new Command("offboarding").summary("what remains to be done for agents that were fired").addCommand(list);
}

function formatOffboardings({ items }: OffboardingList, wide: boolean, now: number): string {
  const head = ["NAMESPACE", "BINDING", "SERVER", "STATE", "ATTEMPTS", "FIRED"];
  return table(
    wide ? [...head, "ROLE", "SUBJECT", "NEXT", "LAST ERROR"] : head,
    items.map((one) => [
      one.namespace,
      one.binding,
      one.server,
      one.state,
      String(one.attempts),
      ageOf(Date.parse(one.firedAt), now),
      ...(wide ? [one.role, one.subject, one.nextAttempt, one.lastError ?? ""] : []),
    ]),
  );
}
