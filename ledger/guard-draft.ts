import type { Instant } from "../lib/clock.ts";
import type { Json } from "../lib/json.ts";
import type { Micros } from "../lib/money.ts";
import { type AuditEntry, insertAudit } from "./audit-writer.ts";
import { type Blob, sealBody } from "./bodies.ts";
import type { Account, Accounts } from "./guard-reads.ts";
import { pathOf } from "./paths.ts";
import type { Ports } from "./ports.ts";
import type { Tx } from "./sql.ts";

type Fields = Readonly<Record<string, unknown>>;

interface Movement {
  held: Micros;
  spent: Micros;
  frozen: boolean;
  kind: string;
}

/** Ids of blobs that are stored for certain, so that a growing transcript is not sealed and sent again at each step. */
const stored = new WeakMap<Ports, Set<string>>();
const storedLimit = 100_000;

/**
 * What one guard transaction is going to write. Decisions are made against the balances as they will be, so that two
 * operations of one batch never spend the same money; nothing is written before `write`.
 */
export class Draft {
  readonly now: Instant;
  readonly tenant: string;
  readonly #ports: Ports;
  readonly #accounts: Accounts;
  readonly #keys: ReadonlyMap<string, Buffer>;
  readonly #moves = new Map<bigint, Movement>();
  readonly #steps: Fields[] = [];
  readonly #stepEnds: Fields[] = [];
  readonly #calls: Fields[] = [];
  readonly #callEnds: Fields[] = [];
  readonly #runs = new Map<
    string,
    { cost: Micros; input: number; output: number; steps: number; tier: string | null }
  >();
  readonly #audit: AuditEntry[] = [];
  readonly #paths = new Map<bigint, readonly bigint[]>();
  readonly #capUses: Fields[] = [];
  readonly #capEnds: string[] = [];
  readonly #caps = new Map<string, number>();
  readonly #blobs: { readonly uid: string; readonly blob: Blob }[] = [];

  constructor(ports: Ports, tenant: string, now: Instant, accounts: Accounts, keys: ReadonlyMap<string, Buffer>) {
    this.#ports = ports;
    this.tenant = tenant;
    this.now = now;
    this.#accounts = accounts;
    this.#keys = keys;
  }

  /** The levels that cover the permit at this position of the batch, as they stand after what is drafted already. */
  levels(position: number): readonly Account[] {
    return (this.#accounts.covering[position] ?? []).map((id) => this.#standing(id));
  }

  #standing(id: bigint): Account {
    const account = this.#accounts.byId.get(id)!;
    const move = this.#moves.get(id);
    if (!move) return account;
    return {
      ...account,
      held: account.held + move.held,
      spent: account.spent + move.spent,
      frozen: account.frozen || move.frozen,
    };
  }

  /** Moves money on every account of a path. An overrun freezes the narrow levels, and every level that it takes over its limit. */
  moveMoney(
    accounts: readonly bigint[],
    held: Micros,
    spent: Micros,
    kind: "hold" | "charge" | "release" | "overrun" | "credit",
  ): void {
    for (const id of accounts) {
      const move = this.#moves.get(id) ?? { held: 0n, spent: 0n, frozen: false, kind };
      move.held += held;
      move.spent += spent;
      if (kind === "overrun") {
        this.#moves.set(id, move);
        const after = this.#standing(id);
        if (after.win === "Run" || after.selectKind === "binding" || after.spent + after.held > after.ceiling)
          move.frozen = true;
        move.kind = "overrun";
      } else if (move.kind !== "overrun") move.kind = kind;
      this.#moves.set(id, move);
    }
  }

  pathFor(accounts: readonly bigint[]): bigint {
    const path = pathOf(accounts);
    this.#paths.set(path.id, path.accounts);
    return path.id;
  }

  /** Seals a body and answers its id. */
  body(bindingUid: string, value: Json): Buffer {
    const known = stored.get(this.#ports);
    const { root, blobs } = sealBody(this.#keys.get(bindingUid)!, bindingUid, value, (id) => known?.has(id) ?? false);
    for (const blob of blobs) this.#blobs.push({ uid: bindingUid, blob });
    return root;
  }

  /** Uses of a cap by earlier operations of this batch. */
  capDrafted(key: string): number {
    return this.#caps.get(key) ?? 0;
  }

  useCap(payerId: bigint, capKey: string, callId: string): void {
    this.#capUses.push({ payer_id: payerId.toString(), cap_key: capKey, at: this.now, call_id: callId });
    const key = `${payerId}/${capKey}`;
    this.#caps.set(key, this.capDrafted(key) + 1);
  }

  freeCap(callId: string): void {
    this.#capEnds.push(callId);
  }

  putStep(fields: Fields): void {
    this.#steps.push(fields);
  }

  endStep(fields: Fields): void {
    this.#stepEnds.push(fields);
  }

  putCall(fields: Fields): void {
    this.#calls.push(fields);
  }

  endCall(fields: Fields): void {
    this.#callEnds.push(fields);
  }

  countRun(
    runId: string,
    sums: { cost: Micros; input?: number; output?: number; steps?: number; tier?: string },
  ): void {
    const run = this.#runs.get(runId) ?? { cost: 0n, input: 0, output: 0, steps: 0, tier: null };
    run.cost += sums.cost;
    run.input += sums.input ?? 0;
    run.output += sums.output ?? 0;
    run.steps += sums.steps ?? 0;
    run.tier = sums.tier ?? run.tier;
    this.#runs.set(runId, run);
  }

  record(entry: Omit<AuditEntry, "at" | "tenant">): void {
    this.#audit.push({ ...entry, at: this.now, tenant: this.tenant });
  }

  /** Everything in one statement. Parts without rows are left out; a prepared statement per combination. */
  async write(tx: Tx): Promise<void> {
    const parts: string[] = [];
    const values: unknown[] = [];
    let mask = 0;
    const part = (bit: number, rows: readonly unknown[], sql: (parameter: string) => string, value?: unknown) => {
      if (rows.length === 0) return;
      values.push(value ?? JSON.stringify(rows));
      mask |= 1 << bit;
      parts.push(`w${bit} as (${sql(`$${values.length}`)})`);
    };
    part(
      0,
      [...this.#paths],
      insertPaths,
      JSON.stringify([...this.#paths].map(([id, list]) => ({ id: `${id}`, accounts: `{${list.join(",")}}` }))),
    );
    part(
      1,
      this.#blobs,
      insertBlobs,
      JSON.stringify(
        this.#blobs.map(({ uid, blob }) => ({
          uid,
          id: blob.id.toString("base64"),
          sealed: blob.sealed.toString("base64"),
        })),
      ),
    );
    part(2, this.#steps, upsertSteps);
    part(3, this.#stepEnds, endSteps);
    part(4, this.#calls, insertCalls);
    part(5, this.#callEnds, endCalls);
    part(
      6,
      [...this.#moves],
      moveAccounts,
      JSON.stringify(
        [...this.#moves].map(([id, m]) => ({
          id: `${id}`,
          held: `${m.held}`,
          spent: `${m.spent}`,
          frozen: m.frozen,
          kind: m.kind,
        })),
      ),
    );
    part(
      7,
      [...this.#runs],
      countRuns,
      JSON.stringify([...this.#runs].map(([id, r]) => ({ id, ...r, cost: `${r.cost}` }))),
    );
    part(8, this.#capUses, insertCapUses);
    part(
      9,
      this.#capEnds,
      (p) => `delete from cap_uses where call_id in (select jsonb_array_elements_text(${p}::jsonb))`,
    );
    part(10, this.#audit, insertAudit, this.#audit.length > 0 ? this.#ports.audit.toJson(this.#audit) : undefined);
    if (parts.length === 0) return;
    await tx.query(`with ${parts.join(",\n")} select 1`, values, `guard_write_${mask}`);
    if (this.#runs.size > 0) tx.wake("runs");
    if (this.#moves.size > 0) tx.wake("money");
  }

  /** Called once the transaction is committed. */
  committed(): void {
    const known = stored.get(this.#ports) ?? new Set<string>();
    if (known.size > storedLimit) known.clear();
    for (const { uid, blob } of this.#blobs) known.add(`${uid}/${blob.id.toString("base64")}`);
    stored.set(this.#ports, known);
  }
}

const insertPaths = (p: string) => `
  insert into paths (id, accounts) select id, accounts from jsonb_to_recordset(${p}::jsonb) as x (id bigint, accounts bigint[])
  on conflict do nothing`;
const insertBlobs = (p: string) => `
  insert into blobs (binding_uid, id, sealed) select distinct on (uid, id) uid, decode(id, 'base64'), decode(sealed, 'base64')
    from jsonb_to_recordset(${p}::jsonb) as x (uid text, id text, sealed text) on conflict do nothing`;
const upsertSteps = (p: string) => `
  insert into steps (run_id, step, action, epoch, kind, name, state, complete, verdict, rule, source, repeat, digest, request,
                     refusal, call_id, held, started_at, finished_at, error)
  select run_id, step, action, epoch, kind, name, state, complete, verdict, rule, source, repeat, digest,
         decode(request, 'base64'), refusal, call_id, held, started_at, finished_at, error
    from jsonb_to_recordset(${p}::jsonb) as x (run_id text, step int, action int, epoch bigint, kind text, name text, state text,
      complete boolean, verdict text, rule text, source text, repeat text, digest text, request text, refusal jsonb,
      call_id text, held bigint, started_at bigint, finished_at bigint, error text)
  on conflict (run_id, step, action) do update set epoch = excluded.epoch, name = excluded.name, state = excluded.state,
    complete = excluded.complete, verdict = excluded.verdict, rule = excluded.rule, source = excluded.source,
    repeat = excluded.repeat, request = excluded.request, refusal = excluded.refusal, call_id = excluded.call_id,
    held = excluded.held, finished_at = excluded.finished_at, error = excluded.error`;
const endSteps = (p: string) => `
  update steps s set state = x.state, complete = x.complete, response = decode(x.response, 'base64'),
         response_digest = x.response_digest, refusal = x.refusal, charged = x.charged, tokens_in = x.tokens_in,
         tokens_out = x.tokens_out, finished_at = x.finished_at, error = x.error
    from jsonb_to_recordset(${p}::jsonb) as x (run_id text, step int, action int, state text, complete boolean, response text,
      response_digest text, refusal jsonb, charged bigint, tokens_in bigint, tokens_out bigint, finished_at bigint, error text)
   where s.run_id = x.run_id and s.step = x.step and s.action = x.action`;
const insertCalls = (p: string) => `
  insert into calls (call_id, tenant, run_id, binding_uid, payer_id, step, action, epoch, amount, path_id, price_version, state, created_at)
  select call_id, tenant, run_id, binding_uid, payer_id, step, action, epoch, amount, path_id, price_version, 'open', created_at
    from jsonb_to_recordset(${p}::jsonb) as x (call_id text, tenant text, run_id text, binding_uid text, payer_id bigint,
      step int, action int, epoch bigint, amount bigint, path_id bigint, price_version text, created_at bigint)`;
const endCalls = (p: string) => `
  update calls c set state = x.state, charged = x.charged, estimated = x.estimated, disputed_at = x.disputed_at,
         finished_at = x.finished_at
    from jsonb_to_recordset(${p}::jsonb) as x (call_id text, state text, charged bigint, estimated boolean, disputed_at bigint,
      finished_at bigint)
   where c.call_id = x.call_id`;
const moveAccounts = (p: string) => `
  update accounts a set held = a.held + x.held, spent = a.spent + x.spent, frozen = a.frozen or x.frozen, entry_kind = x.kind
    from jsonb_to_recordset(${p}::jsonb) as x (id bigint, held bigint, spent bigint, frozen boolean, kind text)
   where a.id = x.id`;
const countRuns = (p: string) => `
  update runs r set cost = r.cost + x.cost, tokens_in = r.tokens_in + x.input, tokens_out = r.tokens_out + x.output,
         steps = r.steps + x.steps, tier = coalesce(x.tier, r.tier), change_seq = pg_current_xact_id()::text::bigint
    from jsonb_to_recordset(${p}::jsonb) as x (id text, cost bigint, input bigint, output bigint, steps int, tier text)
   where r.id = x.id`;
const insertCapUses = (p: string) => `
  insert into cap_uses (payer_id, cap_key, at, call_id)
  select payer_id, cap_key, at, call_id from jsonb_to_recordset(${p}::jsonb) as x (payer_id bigint, cap_key text, at bigint, call_id text)`;
