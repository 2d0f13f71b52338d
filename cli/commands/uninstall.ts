import { Command, InvalidArgumentError, Option } from "commander";
import { silentLog } from "../../lib/log.ts";
import { confirm } from "../confirm.ts";
import type { Checkout, Io } from "../io.ts";
import { type ConnectionFlags, connectionOf } from "../serve/surroundings.ts";

interface Options extends ConnectionFlags {
  readonly keepCrds?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly force?: boolean;
  readonly timeout: number;
}

const units: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };

function toMs(text: string): number {
  const [, n, unit] = /^(\d{1,5})([smh])$/.exec(text) ?? [];
  if (n === undefined || unit === undefined) throw new InvalidArgumentError("write a time such as 90s, 15m or 2h");
  return Number(n) * units[unit]!;
}

/** `roster uninstall`: drains, then deletes Roster from a cluster. */
export function uninstallCommand(io: Io, checkout: Checkout): Command {
  return new Command("uninstall")
    .summary("fire everybody properly, then delete Roster from the cluster")
    .description(
      "Drains first: triggers are suspended, runs cancelled, every agent is fired and its revocation waited for. Then deletes\nRoster's own objects in order, the definitions last and only when they are empty. The ledger in Postgres is left as it\nis. Ctrl-C stops between two steps; the same command goes on.",
    )
    .option("--keep-crds", "leave the CustomResourceDefinitions")
    .option("--dry-run", "only say what would be done")
    .option("--yes", "without being asked")
    .option("--force", "also where no controller is at work: nothing is revoked then")
    .addOption(new Option("--timeout <time>", "how long to wait in all").argParser(toMs).default(900_000, "15m"))
    .addOption(new Option("--context <name>", "context of the kubeconfig: who asks"))
    .addOption(new Option("--kubeconfig <file>", "instead of KUBECONFIG or .roster/kubeconfig"))
    .addHelpText("after", "\nExample:\n  roster uninstall --dry-run\n  roster uninstall --yes --timeout 30m")
    .action(async (flags: Options) => {
      const [{ connect }, { formatSurvey, survey, uninstall }] = await Promise.all([
        import("../../kube/connect.ts"),
        import("../uninstall/uninstall.ts"),
      ]);
      const { clock } = io;
      const connection = connectionOf(flags, io, checkout);
      await using kube = await connect(connection, {
        log: silentLog,
        clock,
        userAgent: `roster-cli/${checkout.version}`,
      });
      const options = { root: checkout.root, keepCrds: flags.keepCrds ?? false, force: flags.force ?? false };
      const found = await survey(kube, checkout.root, clock.now());
      io.err(formatSurvey(found, options));
      if (flags.dryRun) return;
      if (!flags.yes) await confirm("uninstall", io);
      const broken = new AbortController();
      const stop = () => broken.abort();
      process.once("SIGINT", stop);
      try {
        const deadline = clock.now() + flags.timeout;
        const say = (text: string) => io.out(`${text}\n`);
        await uninstall(kube, found, options, { clock, deadline, signal: broken.signal, say });
      } finally {
        process.off("SIGINT", stop);
      }
      io.out("Roster is uninstalled\n");
    });
}
