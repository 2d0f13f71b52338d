import type { Ledger } from "../../ledger/ledger.ts";
import type { ClusterSays, Mark } from "../../policy/pairing.ts";

/** Remembers what a cluster would. */
export function aCluster(uid: string) {
  const says: { cluster: string; mark?: Mark } = { cluster: uid };
  return {
    says,
    ask: async (): Promise<ClusterSays> => ({ ...says }),
    async tell(ledger: Ledger) {
      await ledger.audit.seal();
      says.mark = await ledger.pairing.head();
      const fence = (await ledger.leadership.campaign("controller", "test", 60_000))!;
      await ledger.pairing.marked(fence, says.mark.seq);
    },
    async pair(ledger: Ledger) {
      const fence = (await ledger.leadership.campaign("controller", "test", 60_000))!;
      await ledger.pairing.pair(fence, uid);
    },
  };
}
