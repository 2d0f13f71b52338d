import { Command } from "commander";
import type { RunList } from "../../api/wire.ts";
import { ageOf } from "../age.ts";
import { askGateway, type GatewayFlags, gatewayOption, tokenFileOption } from "../gateway-client.ts";
import type { Checkout, Io } from "../io.ts";
import { outputOption } from "../output.ts";
import { type ConnectionFlags, connectionOf } from "../serve/surroundings.ts";
import { table } from "../table.ts";

interface Options extends ConnectionFlags, GatewayFlags {
  readonly namespace: string;
  readonly binding?: string;
  readonly phase?: string;
  readonly limit: string;
  readonly output?: string;
}

/** `roster runs`: every run that the ledger knows, also those without an AgentRun. */
export function runsCommand(io: Io, checkout: Checkout): Command {
  return new Command("runs")
    .summary("list runs from the ledger, also those that have no AgentRun any more")
    .description(
      "Lists the runs of a namespace, newest first, from the ledger: AgentRuns in the cluster are windows on the latest ones,\nand go. Names, numbers and money, never what was asked or answered.",
    )
    .option("-n, --namespace <name>", "of the runs", "acme")
    .option("--binding <name>", "only of this AgentBinding")
    .option("--phase <phases>", "only in these phases: Running,Waiting")
    .option("--limit <n>", "at most this many, up to 1000", "50")
    .option("--context <name>", "context of the kubeconfig: who asks")
    .option("--kubeconfig <file>", "instead of KUBECONFIG or .roster/kubeconfig")
    .addOption(gatewayOption)
    .addOption(tokenFileOption)
    .addOption(outputOption(["json", "wide"]))
    .addHelpText("after", "\nExample:\n  roster runs -n acme --binding tess-ana --phase Failed,Refused")
    .action(async (options: Options) => {
      const query = new URLSearchParams({ limit: options.limit });
      if (options.binding !== undefined) query.set("binding", options.binding);
      if (options.phase !== undefined) query.set("phase", options.phase);
      const path = `/v1/namespaces/${encodeURIComponent(options.namespace)}/runs?${query}`;
      const from = { connection: connectionOf(options, io, checkout), flags: options, io };
      const found = await askGateway<RunList>(path, from);
      if (options.output === "json") {
        io.out(`${JSON.stringify(found, null, 2)}\n`);
        return;
      }
      io.out(formatRuns(found, options.output === "wide", io.clock.now()));
      if (found.items.length === 0) io.err("no runs\n");
      if (found.more) io.err(`… and more: say --limit, up to 1000\n`);
    });
}

function formatRuns({ items }: RunList, wide: boolean, now: number): string {
  const head = ["NAME", "BINDING", "PHASE", "REASON", "COST", "AGE"];
  return table(
    wide ? [...head, "ORIGIN", "TIER", "STEPS", "WINDOW", "ID"] : head,
    items.map((run) => [
      run.name,
      run.binding,
      run.phase,
      run.reason,
      run.cost,
      ageOf(Date.parse(run.createdAt), now),
      ...(wide ? [run.origin, run.tier ?? "", String(run.steps), run.window, run.id] : []),
    ]),
  );
}
