import { problem } from "../api/reasons.ts";
import type { Problem } from "../lib/problem.ts";
import { type Cause, type ClusterSays, judgePairing, type LedgerSays, type Pairing } from "../policy/pairing.ts";
import { ledgerSays } from "./ledger-says.ts";
import type { Alarm, LedgerMemory } from "./memory.ts";
import type { LedgerFacts, PairingDesk } from "./pairing-desk.ts";
import { fenced, type Ports } from "./ports.ts";
import { recover } from "./recover.ts";
import { settle } from "./settle.ts";

const free = { evenClosed: true } as const;

/** `upgrade` brings the schema up to date. */
export function makePairing(ports: Ports, memory: LedgerMemory, upgrade: () => Promise<void>): PairingDesk {
  const { db, log } = ports;
  let last: Pairing | undefined;
  return {
    get last() {
      return last;
    },
    async check(ask) {
      const was = db.closed;
      let found = await judge(ports, memory, ask);
      // Closed before anything is done about it: whatever fails from here on, nothing runs.
      if (found.verdict.kind === "recovering") db.closed ??= refusal(found.verdict);
      // It stops everybody, so it is looked at twice: what was read first may be older than what a person decided meanwhile.
      if (beginning(found) !== undefined) found = await judge(ports, memory, ask);
      const begins = beginning(found);
      const { verdict, alarm } = found;
      if (begins !== undefined && !(await recover(ports, { ...begins, epoch: found.said.epoch }))) {
        last = verdict;
        return verdict;
      }
      const local = verdict.kind === "recovering" && !verdict.shared ? verdict : undefined;
      if (alarm !== undefined && local === undefined) {
        memory.forget();
        await memory.look((text, values) => db.query(text, values, free));
      }
      const against = local ?? memory.alarm;
      db.closed = against && refusal(against);
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
    accept: (seen, expected, by) => settle(ports, memory, upgrade, { seen, expected, by, adopting: false }),
    adopt: (seen, expected, by) => settle(ports, memory, upgrade, { seen, expected, by, adopting: true }),
  };
}

interface Found {
  readonly said: LedgerSays;
  readonly verdict: Pairing;
  readonly alarm: Alarm | undefined;
}

/** How the two stand to each other, by what they say and by what this process remembers. */
async function judge(ports: Ports, memory: LedgerMemory, ask: () => Promise<ClusterSays>): Promise<Found> {
  const query = (text: string, values?: readonly unknown[]) => ports.db.query(text, values, free);
  const [row] = await query("select marked from pairing");
  const seen = await ask();
  const said = await ledgerSays(query, seen.mark, Number(row!.marked));
  // Recovery began or ended since: whether a connection still speaks against it is to be asked anew.
  if (memory.alarm !== undefined && memory.alarm.epoch !== said.epoch) await memory.look(query);
  const { alarm } = memory;
  const verdict = judgePairing(said, seen);
  if (alarm === undefined || verdict.kind === "recovering" || isSettled(alarm.cause, said, seen))
    return { said, verdict, alarm };
  const { cause, message } = alarm;
  return { said, verdict: { kind: "recovering", cause, message, shared: cause !== "OtherLedger" }, alarm };
}

/** What is found and everybody is yet to be stopped for. */
function beginning({ said, verdict }: Found): { readonly cause: Cause; readonly message: string } | undefined {
  return verdict.kind === "recovering" && verdict.shared && said.recovering === undefined ? verdict : undefined;
}

function refusal({ cause, message }: { readonly cause: Cause; readonly message: string }): Problem {
  return problem("Recovering", message, { details: { cause } });
}

/** A person may have settled what this process remembers: another ledger that now belongs to this very cluster. */
function isSettled(cause: Cause, said: LedgerSays, seen: ClusterSays): boolean {
  return cause === "OtherLedger" && said.cluster === seen.cluster;
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
