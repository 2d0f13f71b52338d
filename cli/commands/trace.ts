import { Command } from "commander";
import { problem } from "../../api/reasons.ts";
import type { Trace } from "../../api/wire.ts";
import { askGateway, type GatewayFlags, gatewayOption, tokenFileOption } from "../gateway-client.ts";
import type { Checkout, Io } from "../io.ts";
import { outputOption } from "../output.ts";
import { connectionOf } from "../serve/surroundings.ts";
import { formatTrace } from "../trace-text.ts";

interface Options extends GatewayFlags {
  readonly namespace: string;
  readonly context?: string;
  readonly kubeconfig?: string;
  readonly output?: string;
}

/** `roster trace arun/<name>`: what a run did, step by step. */
export function traceCommand(io: Io, checkout: Checkout): Command {
  return new Command("trace")
    .summary("print the steps, tokens, cost and digests of a run")
    .description(
      "Prints what a run did, step by step: what was called, under which rule, what it cost, and the digests of what was sent\nand answered. Never the contents themselves.",
    )
    .argument("<run>", "arun/<name>, as `kubectl get arun` shows it")
    .option("-n, --namespace <name>", "namespace of the run", "acme")
    .option("--context <name>", "context of the kubeconfig: who asks")
    .option("--kubeconfig <file>", "instead of KUBECONFIG or .roster/kubeconfig")
    .addOption(gatewayOption)
    .addOption(tokenFileOption)
    .addOption(outputOption(["json"]))
    .addHelpText("after", "\nExample:\n  roster trace arun/tess-ana-first -n acme")
    .action(async (run: string, options: Options) => {
      const name = /^(?:(?:arun|agentruns?(?:\.roster\.dev)?)\/)?([a-z0-9][-a-z0-9.]*)$/.exec(run)?.[1];
      if (!name) throw problem("InvalidRequest", `"${run}" is not a run; write arun/<name>`);
      const trace = await askGateway<Trace>(
        `/v1/namespaces/${encodeURIComponent(options.namespace)}/runs/${encodeURIComponent(name)}/trace`,
        { connection: connectionOf(options, io, checkout), flags: options, io },
      );
      io.out(options.output === "json" ? `${JSON.stringify(trace, null, 2)}\n` : formatTrace(trace));
    });
}
