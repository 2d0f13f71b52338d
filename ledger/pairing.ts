import { problem } from "../api/reasons.ts";
import type { Problem } from "../lib/problem.ts";
import {
  type Cause,
  type ClusterSays,
  judgePairing,
  type LedgerSays,
  type Mark,
  type Pairing,
} from "../policy/pairing.ts";
import { forgetNumbers } from "./copied.ts";
import type { LedgerMemory } from "./memory.ts";
import type { LedgerFacts, PairingDesk, Quieted } from "./pairing-desk.ts";
import { fenced, type Ports } from "./ports.ts";
import { alone, quiet, recover } from "./recover.ts";

const free = { evenClosed: true } as const;

export function makePairing(ports: Ports, memory: LedgerMemory): PairingDesk {
  const { db, log } = ports;
  let last: Pairing | undefined;
  return {
    get last() {
      return last;
    },
    async check(ask) {
      const [row] = await db.query<{ marked: bigint }>("select marked from pairing", [], free);
      const seen = await ask();
      const said = await read(ports, seen.mark, Number(row!.marked));
      let verdict = judgePairing(said, seen);
      const { alarm } = memory;
      if (alarm !== undefined && verdict.kind !== "recovering" && !isSettled(alarm.cause, said, seen))
        verdict = { kind: "recovering", ...alarm, shared: alarm.cause !== "OtherLedger" };
      if (verdict.kind === "recovering" && verdict.shared && said.recovering === undefined)
        await recover(ports, verdict.cause, verdict.message);
      if (alarm !== undefined && (verdict.kind !== "recovering" || verdict.shared)) {
        memory.forget();
        await memory.look((text, values) => db.query(text, values, free));
      }
      const was = db.closed;
      db.closed =
        verdict.kind === "recovering" && !verdict.shared
          ? problem("Recovering", verdict.message, { details: { cause: verdict.cause } })
          : undefined;
      if (was !== undefined && db.closed === undefined) {
        log.info("the ledger is open to this process", { state: verdict.kind });
        ports.poke(["authority", "queue", "runs", "bindings"]);
      }
      last = verdict;
      return verdict;
    },
    close(message) {
      db.closed ??= problem("Recovering", message);
    },
    get closed(): Problem | undefined {
      return db.closed;
    },
    async pair(fence, cluster) {
      await db.tx(
        (tx) =>
          tx.query("update pairing set cluster = $1, server = (server_identity()).server where cluster is null", [
            cluster,
          ]),
        { first: fenced(fence) },
      );
    },
    async head() {
      const [row] = await db.query("select m.ledger_id, m.sealed, m.head, p.epoch from meta m, pairing p");
      return {
        ledger: row!.ledger_id as string,
        seq: Number(row!.sealed),
        hash: row!.head as string,
        epoch: Number(row!.epoch),
      };
    },
    async marked(fence, seq) {
      await db.tx((tx) => tx.query("update pairing set marked = greatest(marked, $1), accepted = null", [seq]), {
        first: fenced(fence),
      });
    },
    facts: () => facts(ports),
    accept: (seen, expected, by) => settle(ports, { ...seen, expected, by, adopting: false }),
    adopt: (seen, expected, by) => settle(ports, { ...seen, expected, by, adopting: true }),
  };
}

/** A person may have settled what this process remembers: another ledger that now belongs to this very cluster. */
function isSettled(cause: Cause, said: LedgerSays, seen: ClusterSays): boolean {
  return cause === "OtherLedger" && said.cluster === seen.cluster;
}

async function read({ db }: Ports, mark: Mark | undefined, marked: number): Promise<LedgerSays> {
  const [row] = await db.query(
    `select m.ledger_id, m.sealed, p.*, (server_identity()).server as server_now,
            (select hash from audit_chain where seq = $1) as hash_at_mark
       from meta m, pairing p`,
    [mark?.seq ?? 0],
    free,
  );
  const { cluster, server, hash_at_mark: hash, accepted } = row!;
  return {
    ledger: row!.ledger_id as string,
    ...(cluster === null ? {} : { cluster: cluster as string }),
    epoch: Number(row!.epoch),
    sealed: Number(row!.sealed),
    ...(hash === null ? {} : { hashAtMark: hash as string }),
    marked,
    ...(accepted === null ? {} : { accepted: accepted as Mark }),
    server: row!.server_now as string,
    ...(server === null ? {} : { pairedServer: server as string }),
    ...(row!.since === null ? {} : { recovering: { cause: row!.cause as Cause, message: row!.message as string } }),
  };
}

async function facts({ db }: Ports): Promise<LedgerFacts> {
  const [row] = await db.query(
    `select m.ledger_id, m.sealed, p.cluster, p.epoch, p.since, p.cause, p.message,
            (select count(*) from bindings where state <> 'revoked') as bindings,
            (select count(*) from runs where phase in ('Queued', 'Running', 'Waiting')) as open_runs
       from meta m, pairing p`,
    [],
    free,
  );
  return {
    ledger: row!.ledger_id as string,
    ...(row!.cluster === null ? {} : { cluster: row!.cluster as string }),
    epoch: Number(row!.epoch),
    sealed: Number(row!.sealed),
    ...(row!.since === null
      ? {}
      : {
          recovering: {
            cause: row!.cause as Cause,
            message: row!.message as string,
            since: Number(row!.since),
          },
        }),
    bindings: Number(row!.bindings),
    openRuns: Number(row!.open_runs),
  };
}

interface Settlement extends ClusterSays {
  readonly expected: Pick<LedgerFacts, "ledger" | "epoch">;
  readonly by: string;
  readonly adopting: boolean;
}

/** Ends recovery by a person's word. Whatever was in force before is not: everything begins anew from here. */
async function settle(ports: Ports, what: Settlement): Promise<Quieted> {
  const { db, time, audit } = ports;
  const { cluster, mark, expected, by, adopting } = what;
  return db.tx(
    async (tx) => {
      const [now] = await tx.query(
        "select m.ledger_id, p.*, (server_identity()).server as server_now from meta m, pairing p for update",
      );
      if (now!.ledger_id !== expected.ledger || Number(now!.epoch) !== expected.epoch)
        throw problem("Conflict", "the ledger changed since it was shown; look again");
      const foreign = now!.cluster !== null && now!.cluster !== cluster;
      if (foreign && !adopting)
        throw problem("Conflict", "the ledger belongs to another cluster: `roster ledger adopt` takes it over");
      if (!foreign && adopting)
        throw problem("Conflict", "the ledger is not another cluster's: `roster ledger accept` is for this one");
      const quieted = await quiet(ports, tx);
      if (now!.server !== null && now!.server !== now!.server_now) await forgetNumbers(tx);
      const at = time.now();
      await tx.query(
        `update pairing set cluster = $1, server = $2, epoch = greatest(epoch + 1, $3), since = null, cause = null,
           message = null, marked = 0, accepted = $4, not_before = $3`,
        [cluster, now!.server_now, at, mark === undefined ? null : JSON.stringify(mark)],
      );
      await audit.write(tx, {
        at,
        principal: by,
        action: adopting ? "ledger-adopt" : "ledger-accept",
        decision: "allow",
        reason: "Recovering",
        facts: {
          cluster,
          formerCluster: now!.cluster as string | null,
          cause: now!.cause as string | null,
          ...quieted,
        },
      });
      return quieted;
    },
    { first: alone, evenClosed: true },
  );
}
