import type { Fence, Ledger } from "../../ledger/ledger.ts";
import type { Log } from "../../lib/log.ts";
import { messageOf } from "../../lib/problem.ts";

/**
 * Withdraws tiers that are in force and not among those of the operator's file: between two starts nobody watched it.
 * Only for tiers from a file, which is whole or was refused. Never throws; the next leader looks again.
 */
export async function withdrawOthers(
  given: readonly string[],
  ports: { readonly ledger: Ledger; readonly fence: Fence; readonly log: Log },
): Promise<void> {
  const { ledger, fence, log } = ports;
  try {
    for (const { name } of await ledger.catalog.listTiers()) {
      if (given.includes(name)) continue;
      await ledger.catalog.dropTier(fence, name);
      log.info("a model tier that the operator's file no longer has is withdrawn", { tier: name });
    }
  } catch (thrown) {
    log.warn("could not look for withdrawn model tiers", { error: messageOf(thrown) });
  }
}
