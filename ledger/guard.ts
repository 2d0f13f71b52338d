import { problem } from "../api/reasons.ts";
import { bindingColumns, toBinding } from "./binding-rows.ts";
import { openBody } from "./bodies.ts";
import { toRole } from "./catalog.ts";
import type { Combiner } from "./combiner.ts";
import type { Guard, GuardRequest, Happened, TokenState } from "./ledger.ts";
import { authority, type Ports } from "./ports.ts";
import { recordRevocations } from "./revocations.ts";
import { runColumns, toRun } from "./run-rows.ts";
import { literals } from "./sql.ts";

const revocationBatch = 10_000;
const largestCharge = 9_000_000_000_000_000n;

/** The gateway's door: every call that an agent makes is permitted here before it happens and settled here after. */
export function makeGuard(ports: Ports, combiner: Combiner): Guard {
  const { db, keys, time, audit } = ports;
  return {
    introspect: (tokenHash) => introspect(ports, tokenHash),

    async permit(request) {
      check(request);
      const answer = await combiner.permit(request);
      if (!answer)
        return {
          outcome: "refused",
          reason: "Unauthenticated",
          message: "the token is unknown or belongs to another run",
        };
      switch (answer.outcome) {
        case "recorded": {
          const [run] = await db.query<{ binding_uid: string }>("select binding_uid from runs where id = $1", [
            request.id.runId,
          ]);
          const uid = run!.binding_uid;
          return { outcome: "recorded", response: await openBody(db, await keys.get(uid), uid, answer.response) };
        }
        case "diverged":
          throw problem("JournalDiverged", answer.message);
        case "wait":
          throw new Error("a permit was left waiting");
        case "refused": {
          const { reason, message, level } = answer;
          return { outcome: "refused", reason, message, ...(level === undefined ? {} : { level }) };
        }
        default:
          return answer;
      }
    },

    async happened(result) {
      checkHappened(result);
      if (!(await combiner.settle(result.callId, { kind: "happened", result })))
        throw problem("NotFound", "no such call");
    },

    async abandon(callId, how, error) {
      if (!(await combiner.settle(callId, { kind: "abandon", how, error }))) throw problem("NotFound", "no such call");
    },

    async revokeToken(tokenHash, by) {
      const [token] = await db.query("select binding_uid from tokens where hash = $1", [tokenHash]);
      if (!token) return;
      const uid = token.binding_uid as string;
      await db.tx(
        async (tx) => {
          const [row] = await tx.query(
            "update tokens set revoked_at = $2 where hash = $1 and revoked_at is null returning run_id",
            [tokenHash, time.now()],
          );
          if (!row) return;
          const [binding] = await tx.query("select tenant from bindings where uid = $1", [uid]);
          const runId = (row.run_id as string | null) ?? undefined;
          await audit.write(tx, {
            at: time.now(),
            tenant: binding?.tenant as string | undefined,
            principal: by,
            action: "revoke-token",
            decision: "revoke",
            reason: "TokenRevoked",
            bindingUid: uid,
            runId,
          });
          if (runId) await recordRevocations(tx, time.now(), [{ runId }], "TokenRevoked");
          tx.wake("authority");
        },
        { first: `change_authority(${literals([authority.binding(uid)])})` },
      );
    },

    async gatewayBeat(gateway, ackSeq, leaseMs) {
      await db.query("select assert_paired()");
      const rows = await db.query(
        `insert into gateways (name, ack_seq, lease_until) values ($1, $2, $3)
         on conflict (name) do update set ack_seq = greatest(gateways.ack_seq, $2), lease_until = $3
         returning (xmax = 0 or $2 > (select ack_seq from gateways g where g.name = $1)) as moved`,
        [gateway, ackSeq, time.now() + leaseMs],
      );
      // A finalizer may be waiting for this acknowledgement.
      if (rows[0]?.moved) ports.poke(["bindings"]);
    },

    async revocationsSince(seq) {
      const rows = await db.query(
        "select seq, binding_uid, run_id, reason from revocations where seq > $1 order by seq limit $2",
        [seq, revocationBatch],
      );
      return rows.map((row) => ({
        seq: Number(row.seq),
        ...(row.binding_uid === null ? {} : { bindingUid: row.binding_uid as string }),
        ...(row.run_id === null ? {} : { runId: row.run_id as string }),
        reason: row.reason as string,
      }));
    },
  };
}

async function introspect({ db, keys, time }: Ports, tokenHash: string): Promise<TokenState | undefined> {
  const [row] = await db.query(
    `select t.kind, t.expires_at, to_jsonb(s) as stop, row_to_json(v)::jsonb as pinned, row_to_json(c)::jsonb as current,
            cr.compiled as current_compiled, r.id as run, r.binding_uid as binding
       from tokens t
       join runs r on r.id = t.run_id and r.epoch = t.epoch and r.phase = 'Running'
       join bindings b on b.uid = r.binding_uid and b.state <> 'revoked'
       join revisions v on v.role_uid = r.role_uid and v.revision = r.role_revision
       left join roles cr on cr.uid = b.role_uid and not cr.dropped
       left join revisions c on c.role_uid = cr.uid and c.revision = cr.revision
       left join lateral (select b.stopped_by as name where b.stopped_by is not null) s on true
      where t.hash = $1 and t.revoked_at is null and t.expires_at > $2`,
    [tokenHash, time.now()],
  );
  if (!row) return undefined;
  const [[run], [binding]] = await Promise.all([
    db.query(`select ${runColumns} from runs r where r.id = $1`, [row.run]),
    db.query(`select ${bindingColumns} from bindings b where b.uid = $1`, [row.binding]),
  ]);
  const pinned = row.pinned as Record<string, unknown>;
  const current = row.current as Record<string, unknown> | null;
  const state = toBinding(binding!);
  return {
    kind: row.kind as TokenState["kind"],
    run: await toRun(run!, keys),
    binding: state,
    pinnedRole: toRole(pinned, pinned.compiled as boolean),
    ...(current ? { currentRole: toRole(current, row.current_compiled as boolean) } : {}),
    expiresAt: Number(row.expires_at),
    ...(state.stoppedBy === undefined ? {} : { stopped: state.stoppedBy }),
  };
}

/** The gateway is ours, but a number that is not one must never reach the sums. */
function check({ id, money, cap, tokenHash }: GuardRequest): void {
  const wrong = (what: string) => problem("InvalidRequest", `cannot permit a call: ${what}`);
  const whole = (value: number, least: number) => Number.isSafeInteger(value) && value >= least && value < 2 ** 31;
  if (!whole(id.step, 0) || !whole(id.action, -1)) throw wrong("step must be a whole number from 0, action from -1");
  if (tokenHash.length === 0) throw wrong("tokenHash is empty");
  if (cap && !whole(cap.maxPerHour, 0)) throw wrong("cap.maxPerHour must be a whole number");
  if (!money) return;
  if (!whole(money.maxOutputTokens, 0) || !whole(money.minOutputTokens, 0))
    throw wrong("money.maxOutputTokens and money.minOutputTokens must be whole numbers");
  for (const [name, amount] of [
    ["fixed", money.fixed],
    ["outputMicrosPerMillion", money.outputMicrosPerMillion],
  ] as const)
    if (typeof amount !== "bigint" || amount < 0n || amount > largestCharge)
      throw wrong(`money.${name} is not an amount`);
}

function checkHappened({ charge, usage }: Happened): void {
  const wrong = (what: string) => problem("InvalidRequest", `cannot settle a call: ${what}`);
  if (charge !== undefined && (typeof charge !== "bigint" || charge < 0n || charge > largestCharge))
    throw wrong("charge is not an amount");
  for (const tokens of usage ? [usage.inputTokens, usage.outputTokens] : [])
    if (!Number.isSafeInteger(tokens) || tokens < 0) throw wrong("usage holds a number of tokens that is not one");
}
