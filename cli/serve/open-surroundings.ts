import { problem } from "../../api/reasons.ts";
import type { KubeClient } from "../../kube/client.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { beforeAborted } from "../../lib/abort.ts";
import type { Clock } from "../../lib/clock.ts";
import { type Log, openLog } from "../../lib/log.ts";
import type { Checkout, Io } from "../io.ts";
import { namespacesOf, openConfined, readTiers } from "./confinement.ts";
import { type ConnectionFlags, connectionOf, identityOf, ledgerOf } from "./surroundings.ts";

/** What a process of an installation works with. */
export interface Surroundings {
  readonly identity: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly kube: KubeClient;
  readonly ledger: Ledger;
  /** Where there are only Roles: what is served. */
  readonly namespaces?: readonly string[];
}

/**
 * Opens the log, the API server and the ledger for one component; the stack closes them. Throws InvalidRequest naming
 * the variable that is missing, LedgerUnavailable, what connecting throws, and the reason of `asked` once that aborts: another
 * process's migration, which opening waits for, can take longer than anybody waits for an end.
 */
export async function openSurroundings(
  component: "controller" | "gateway",
  given: {
    readonly flags: ConnectionFlags & { readonly logLevel: string; readonly modelTiers?: string };
    readonly io: Io;
    readonly checkout: Checkout;
    readonly asked: AbortSignal;
  },
  stack: AsyncDisposableStack,
): Promise<Surroundings> {
  const { flags, io, checkout, asked } = given;
  // Loaded only where a plane runs: the other commands answer in a third of the time.
  const [{ connect }, { askCluster }, { openLedger }] = await Promise.all([
    import("../../kube/connect.ts"),
    import("../../kube/ledger-mark.ts"),
    import("../../ledger/open.ts"),
  ]);
  const identity = identityOf(io);
  const { clock } = io;
  const log = openLog({ level: flags.logLevel, name: component });
  const connection = connectionOf(flags, io, checkout);
  const userAgent = `roster-${component}/${checkout.version}`;
  const namespaces = namespacesOf(flags.namespaces, io);
  const tiers = flags.modelTiers === undefined ? [] : await readTiers(flags.modelTiers, checkout);
  if (namespaces === undefined && flags.modelTiers !== undefined)
    throw problem("InvalidRequest", "--model-tiers goes with --namespaces: otherwise ModelTier resources are read");
  const whole = stack.use(await connect(connection, { log, clock, userAgent }));
  const kube =
    namespaces === undefined
      ? whole
      : await openConfined(whole, { namespaces, tiers, connection, userAgent, clock, log }, stack);
  // Where nobody answers, the two are compared later, and the schema is brought up to date first.
  const cluster = await beforeAborted(asked, () =>
    askCluster(kube).then(
      (answer) => answer.cluster,
      () => undefined,
    ),
  );
  const writer = `${component}/${identity}`;
  const whose = cluster === undefined ? {} : { cluster };
  // A migration that is left to itself ends with the process and its transaction: it is there as a whole or not at all.
  const ledger = stack.use(
    await beforeAborted(asked, () => openLedger({ ...ledgerOf(io), clock, log, writer, ...whose })),
  );
  return { identity, clock, log, kube, ledger, ...(namespaces === undefined ? {} : { namespaces }) };
}
