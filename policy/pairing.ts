/** How far a ledger's audit chain had come: the hash of all that was sealed up to `seq`. */
export interface Mark {
  readonly ledger: string;
  readonly seq: number;
  readonly hash: string;
  /** Raised whenever a person accepts or adopts a ledger, and whenever one begins to recover. */
  readonly epoch: number;
}

/** What the cluster says: who it is, and how far the ledger was when the cluster was told last. */
export interface ClusterSays {
  /** UID of the namespace kube-system, which lives as long as the cluster does. */
  readonly cluster: string;
  readonly mark?: Mark;
}

/** What the ledger says. `hashAtMark` is its own hash at the cluster's `seq`; absent where it never came that far. */
export interface LedgerSays {
  readonly ledger: string;
  /** The cluster that it belongs to; absent for one that was never paired. */
  readonly cluster?: string;
  readonly epoch: number;
  readonly sealed: number;
  readonly hashAtMark?: string;
  /** The last mark that was written into the cluster for certain. */
  readonly marked: number;
  /** The mark that a person said is out of date. */
  readonly accepted?: Mark;
  /** The database server: another one means that the ledger was copied. */
  readonly server: string;
  readonly pairedServer?: string;
  readonly recovering?: { readonly cause: Cause; readonly message: string };
}

/**
 * Why nothing may run. `OtherLedger` and `OtherCluster`: this process is connected to the wrong one of the two, and the
 * ledger itself may be somebody's and healthy. The rest: one of the two went back in time.
 */
export type Cause = "OtherLedger" | "OtherCluster" | "LedgerRegressed" | "LedgerCopied" | "ClusterRegressed";

export type Pairing =
  | { readonly kind: "paired" }
  /** Neither knows of the other: the first installation. */
  | { readonly kind: "new" }
  | {
      readonly kind: "recovering";
      readonly cause: Cause;
      readonly message: string;
      /** True: the ledger is this cluster's, so everybody who uses it must stop. False: only this process must. */
      readonly shared: boolean;
    };

/**
 * Whether ledger and cluster belong together and neither is older than the other knows it to be. `ledger.marked` must have
 * been read before the cluster was asked and the rest after, because both move on meanwhile.
 */
export function judgePairing(ledger: LedgerSays, cluster: ClusterSays): Pairing {
  const { mark } = cluster;
  const local = (cause: Cause, message: string): Pairing => ({ kind: "recovering", cause, message, shared: false });
  const shared = (cause: Cause, message: string): Pairing => ({ kind: "recovering", cause, message, shared: true });
  const accepted = mark !== undefined && ledger.accepted !== undefined && sameMark(mark, ledger.accepted);
  if (ledger.cluster !== undefined && ledger.cluster !== cluster.cluster)
    return local(
      "OtherCluster",
      "the ledger belongs to another cluster: DATABASE_URL or the kubeconfig is the wrong one",
    );
  if (mark !== undefined && mark.ledger !== ledger.ledger && !accepted) {
    const what = ledger.cluster === undefined ? "an empty or unknown ledger" : "another ledger";
    return local("OtherLedger", `the cluster is used with a certain ledger, and DATABASE_URL leads to ${what}`);
  }
  if (ledger.recovering !== undefined) return { kind: "recovering", shared: true, ...ledger.recovering };
  if (mark !== undefined && !accepted) {
    if (mark.epoch > ledger.epoch || mark.seq > ledger.sealed)
      return shared(
        "LedgerRegressed",
        "the ledger is older than the cluster knows it to be: it was restored from a copy",
      );
    if (mark.seq > 0 && ledger.hashAtMark !== mark.hash)
      return shared(
        "LedgerRegressed",
        "the ledger's history is not the one that the cluster saw: it was restored from a copy",
      );
    if (mark.seq < ledger.marked)
      return shared(
        "ClusterRegressed",
        "the cluster is older than the ledger knows it to be: it was restored from a copy",
      );
  }
  if (ledger.pairedServer !== undefined && isOther(ledger.pairedServer, ledger.server))
    return shared("LedgerCopied", "the ledger was moved to another database server");
  return ledger.cluster === undefined ? { kind: "new" } : { kind: "paired" };
}

/** Whether two names of database servers are known and differ. */
function isOther(one: string, other: string): boolean {
  return one !== "" && other !== "" && one !== other;
}

export function sameMark(a: Mark, b: Mark): boolean {
  return a.ledger === b.ledger && a.seq === b.seq && a.hash === b.hash && a.epoch === b.epoch;
}

/** What a process remembers of its ledger from one connection to the next. */
export interface Memory {
  readonly ledger: string;
  /** Empty where the service does not tell, and then no reason for anything. */
  readonly server: string;
  /** Counted up by Postgres at each promotion; never down but by restoring an older copy. */
  readonly timeline: number;
  readonly epoch: number;
  readonly sealed: number;
  readonly hash: string;
  readonly lastRow: number;
}

/**
 * Why a connection does not lead to the ledger that this process knew; undefined where it does. `hashThen` is that ledger's
 * hash at the remembered `sealed`. A greater epoch means that recovery began, or ended, elsewhere: it is judged there.
 */
export function judgeMemory(
  known: Memory,
  now: Memory,
  hashThen: string,
): { cause: Cause; message: string } | undefined {
  if (now.ledger !== known.ledger)
    return { cause: "OtherLedger", message: "the database holds another ledger than a moment ago" };
  if (now.epoch > known.epoch) return undefined;
  const older =
    now.epoch < known.epoch ||
    isOther(known.server, now.server) ||
    (now.server !== "" && now.timeline < known.timeline) ||
    now.sealed < known.sealed ||
    now.lastRow < known.lastRow ||
    (known.sealed > 0 && hashThen !== known.hash);
  return older
    ? { cause: "LedgerRegressed", message: "the ledger is older than a moment ago: it was restored from a copy" }
    : undefined;
}
