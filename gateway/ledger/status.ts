import type { LedgerChoice, LedgerSettled, LedgerStatus } from "../../api/wire.ts";
import type { KubeClient } from "../../kube/client.ts";
import { askCluster } from "../../kube/ledger-mark.ts";
import type { Ledger } from "../../ledger/ledger.ts";

interface Pair {
  readonly ledger: Ledger;
  readonly kube: KubeClient;
  /** The identity has Roles only, and the client does not know. */
  readonly confined?: boolean;
}

/** Compares ledger and cluster and says how they stand to each other. Throws what reaching either throws. */
export async function ledgerStatus({ ledger, kube, confined }: Pair): Promise<LedgerStatus> {
  const verdict = await ledger.pairing.check(() => askCluster(kube, confined));
  const [facts, says] = [await ledger.pairing.facts(), await askCluster(kube, confined)];
  const { recovering } = facts;
  return {
    state: verdict.kind === "recovering" ? "Recovering" : verdict.kind === "new" ? "New" : "Paired",
    ...(verdict.kind === "recovering" ? { cause: verdict.cause, message: verdict.message } : {}),
    ...(recovering === undefined ? {} : { since: new Date(recovering.since).toISOString() }),
    ledger: {
      id: facts.ledger,
      epoch: facts.epoch,
      ...(facts.cluster === undefined ? {} : { cluster: facts.cluster }),
      sealed: facts.sealed,
      agents: facts.bindings,
      openRuns: facts.openRuns,
    },
    cluster: {
      id: says.cluster,
      ...(says.mark === undefined ? {} : { remembers: { ledger: says.mark.ledger, seq: says.mark.seq } }),
    },
  };
}

/**
 * Ends recovery as a person chose: the ledger is right as it is, or this cluster takes over another one's. Throws Conflict where
 * the state is not the one that they saw.
 */
export async function settleLedger(
  how: "accept" | "adopt",
  choice: LedgerChoice,
  by: string,
  { ledger, kube, confined }: Pair,
): Promise<LedgerSettled> {
  const { cluster, mark } = await askCluster(kube, confined);
  const seen = { cluster, ...(mark === undefined ? {} : { mark }) };
  const settled = await ledger.pairing[how](seen, choice, by);
  await ledger.pairing.check(() => askCluster(kube, confined));
  return settled;
}
