import { describe, expect, it } from "vitest";
import { type ClusterSays, judgeMemory, judgePairing, type LedgerSays, type Mark, type Memory } from "./pairing.ts";

const mark: Mark = { ledger: "L1", seq: 40, hash: "h40", epoch: 7 };
const ledger: LedgerSays = {
  ledger: "L1",
  cluster: "C1",
  epoch: 7,
  sealed: 42,
  hashAtMark: "h40",
  marked: 40,
  server: "S1",
  pairedServer: "S1",
};
const { cluster: _, pairedServer: __, ...fresh } = ledger;
const empty: LedgerSays = {
  ledger: "L2",
  epoch: 0,
  sealed: 0,
  hashAtMark: undefined as never,
  marked: 0,
  server: "S1",
};
const cluster: ClusterSays = { cluster: "C1", mark };

interface Row {
  readonly why: string;
  readonly ledger: LedgerSays;
  readonly cluster: ClusterSays;
  readonly want: string;
}

const rows: Readonly<Record<string, Row>> = {
  "neither knows of the other": {
    why: "a first installation must not need a person",
    ledger: empty,
    cluster: { cluster: "C1" },
    want: "new",
  },
  "a ledger from before pairing was invented": {
    why: "upgrading must not stop a fleet",
    ledger: fresh,
    cluster: { cluster: "C1" },
    want: "new",
  },
  "the cluster was told a little less than is sealed": {
    why: "it is told each second",
    ledger,
    cluster,
    want: "paired",
  },
  "the cluster's word was deleted": {
    why: "a ConfigMap deleted by mistake must not stop a fleet, and a copy without one has no agents",
    ledger,
    cluster: { cluster: "C1" },
    want: "paired",
  },
  "an empty ledger where the cluster knows one": {
    why: "a wrong DATABASE_URL would hire everybody anew with fresh money",
    ledger: empty,
    cluster,
    want: "OtherLedger here",
  },
  "another cluster's ledger": {
    why: "a test installation must not drive the agents of production, nor stop them",
    ledger,
    cluster: { cluster: "C2" },
    want: "OtherCluster here",
  },
  "another cluster's ledger in a cluster that knows its own": {
    why: "what is wrong is the pair, whichever of the two was mixed up",
    ledger,
    cluster: { cluster: "C2", mark: { ...mark, ledger: "L2" } },
    want: "OtherCluster here",
  },
  "a ledger restored to before what the cluster was told": {
    why: "firings and charges of meanwhile are forgotten",
    ledger: { ...ledger, sealed: 39, marked: 39 },
    cluster,
    want: "LedgerRegressed everywhere",
  },
  "a ledger restored and written to since": {
    why: "the number has caught up, the history has not",
    ledger: { ...ledger, hashAtMark: "other" },
    cluster,
    want: "LedgerRegressed everywhere",
  },
  "a ledger restored to before an acceptance": {
    why: "what a person decided is forgotten",
    ledger: { ...ledger, epoch: 6 },
    cluster,
    want: "LedgerRegressed everywhere",
  },
  "a ledger restored to before it was paired": {
    why: "it never came as far as the cluster was told",
    ledger: { ...fresh, sealed: 3, marked: 0, hashAtMark: undefined as never },
    cluster,
    want: "LedgerRegressed everywhere",
  },
  "a cluster restored to an older copy": {
    why: "it shows agents that were fired and limits that were narrowed since",
    ledger: { ...ledger, marked: 41 },
    cluster,
    want: "ClusterRegressed everywhere",
  },
  "a copy on another server": {
    why: "its transactions are counted anew, so nothing is in order by their numbers",
    ledger: { ...ledger, server: "S2" },
    cluster,
    want: "LedgerCopied everywhere",
  },
  "a service that hides its server": {
    why: "unknown both times is no change",
    ledger: { ...ledger, server: "", pairedServer: "" },
    cluster,
    want: "paired",
  },
  "a ledger that recovers already": {
    why: "it ends by a person's word only",
    ledger: { ...ledger, recovering: { cause: "LedgerRegressed", message: "m" } },
    cluster,
    want: "LedgerRegressed everywhere",
  },
  "an older word of the cluster that a person declared out of date": {
    why: "accepted, and not yet told anew",
    ledger: { ...ledger, sealed: 30, marked: 0, hashAtMark: undefined as never, accepted: mark },
    cluster,
    want: "paired",
  },
  "another ledger that a person accepted": {
    why: "accepted, and not yet told anew",
    ledger: { ...ledger, ledger: "L2", sealed: 3, marked: 0, accepted: mark },
    cluster,
    want: "paired",
  },
  "a word that is not the accepted one": {
    why: "only that very one was looked at",
    ledger: { ...ledger, sealed: 30, marked: 0, accepted: { ...mark, seq: 39 } },
    cluster,
    want: "LedgerRegressed everywhere",
  },
};

describe("whether ledger and cluster belong together", () => {
  for (const [name, row] of Object.entries(rows))
    it(`${name}: ${row.want}`, () => {
      const found = judgePairing(row.ledger, row.cluster);
      const words = found.kind === "recovering" ? `${found.cause} ${found.shared ? "everywhere" : "here"}` : found.kind;
      expect(words, row.why).toBe(row.want);
    });
});

const known: Memory = { ledger: "L1", server: "S1", timeline: 3, epoch: 7, sealed: 40, hash: "h40", lastRow: 90 };
const memories: Readonly<Record<string, readonly [Memory, string, string | undefined]>> = {
  "it went on": [{ ...known, sealed: 50, hash: "h50", lastRow: 99 }, "h40", undefined],
  "nothing happened": [known, "h40", undefined],
  "a standby took over without a loss": [{ ...known, timeline: 4, sealed: 41 }, "h40", undefined],
  "a standby took over that lacked the last rows": [{ ...known, timeline: 4, lastRow: 88 }, "h40", "LedgerRegressed"],
  "fewer rows are sealed": [{ ...known, sealed: 39 }, "", "LedgerRegressed"],
  "as many are sealed, but others": [known, "other", "LedgerRegressed"],
  "an older timeline": [{ ...known, timeline: 2 }, "h40", "LedgerRegressed"],
  "the same rows on another server": [{ ...known, server: "S2" }, "h40", "LedgerRegressed"],
  "the service no longer tells which server it is": [
    { ...known, server: "", timeline: 0, sealed: 41 },
    "h40",
    undefined,
  ],
  "an older epoch": [{ ...known, epoch: 6, sealed: 50 }, "h40", "LedgerRegressed"],
  "recovery began or ended elsewhere": [{ ...known, epoch: 8, sealed: 10 }, "", undefined],
  "another ledger": [{ ...known, ledger: "L2", epoch: 9 }, "h40", "OtherLedger"],
};

describe("whether a new connection leads to the ledger of a moment ago", () => {
  for (const [name, [now, hashThen, want]] of Object.entries(memories))
    it(`${name}: ${want ?? "yes"}`, () => expect(judgeMemory(known, now, hashThen)?.cause).toBe(want));
});
