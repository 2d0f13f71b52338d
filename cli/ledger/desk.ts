import type { LedgerChoice, LedgerSettled, LedgerStatus } from "../../api/wire.ts";
import { connect } from "../../kube/connect.ts";
import { openLedger } from "../../ledger/open.ts";
import { silentLog } from "../../lib/log.ts";
import { askGateway, type GatewayFlags } from "../gateway-client.ts";
import type { Checkout, Io } from "../io.ts";
import { namespacesOf } from "../serve/confinement.ts";
import { type ConnectionFlags, connectionOf, identityOf, ledgerOf } from "../serve/surroundings.ts";

/** How a command reaches the ledger. */
export interface LedgerDesk extends AsyncDisposable {
  status(): Promise<LedgerStatus>;
  settle(how: "accept" | "adopt", choice: LedgerChoice): Promise<LedgerSettled>;
}

/**
 * Through the gateway as the person of the kubeconfig; straight to Postgres where DATABASE_URL is set, which is how it is done
 * in a pod of the controller while no gateway is ready. Throws what reaching either throws.
 */
export async function openLedgerDesk(
  flags: ConnectionFlags & GatewayFlags,
  io: Io,
  checkout: Checkout,
): Promise<LedgerDesk> {
  const connection = connectionOf(flags, io, checkout);
  if (!io.env.DATABASE_URL?.trim()) {
    const from = { connection, flags, io };
    return {
      status: () => askGateway<LedgerStatus>("/v1/ledger", from),
      settle: (how, choice) => askGateway<LedgerSettled>(`/v1/ledger/${how}`, { ...from, body: choice }),
      async [Symbol.asyncDispose]() {},
    };
  }
  await using stack = new AsyncDisposableStack();
  const { clock } = io;
  const kube = stack.use(
    await connect(connection, { log: silentLog, clock, userAgent: `roster-cli/${checkout.version}` }),
  );
  const writer = `cli/${identityOf(io)}`;
  // Looking at a database that may be the wrong one changes nothing there.
  const ledger = stack.use(
    await openLedger({ ...ledgerOf(io), clock, log: silentLog, writer, maxConnections: 2, migrate: false }),
  );
  const pair = { ledger, kube, confined: namespacesOf(flags.namespaces, io) !== undefined };
  const { ledgerStatus, settleLedger } = await import("../../gateway/ledger/status.ts");
  const owner = stack.move();
  return {
    status: () => ledgerStatus(pair),
    settle: (how, choice) => settleLedger(how, choice, writer, pair),
    [Symbol.asyncDispose]: () => owner.disposeAsync(),
  };
}
