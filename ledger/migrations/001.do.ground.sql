-- Times are Unix milliseconds of the ledger's own clock, money is integer micro-USD.

create table meta (
  singleton boolean primary key default true check (singleton),
  ledger_id text not null,
  last_tick bigint not null default 0,
  -- Tells a wrong master key from damaged data.
  key_check text,
  sealed bigint not null default 0,
  sealed_xid bigint not null default 0,
  sealed_id bigint not null default 0,
  head text not null default ''
);

create table tenants (
  tenant text primary key,
  namespace text not null,
  salt bytea not null default uuid_send(gen_random_uuid())
);

create table leaders (
  name text primary key,
  holder text not null,
  epoch bigint not null,
  until bigint not null
);

-- Asserts leadership for the rest of the transaction: a take-over waits on the other side of the lock. The second
-- statement sees what was committed while the first one waited; one statement would not.
create function fence(p_name text, p_epoch bigint) returns void language plpgsql as $$
begin
  perform pg_advisory_xact_lock_shared(hashtextextended('leader/' || p_name, 0));
  if not exists (select from leaders where name = p_name and epoch = p_epoch) then
    raise exception 'leadership of "%" was lost', p_name using errcode = 'RO001';
  end if;
end $$;

-- Authority is asserted under shared locks and changed under exclusive ones (tenant, role or binding). Advisory locks
-- queue in order, so a revocation cannot starve behind a stream of guard transactions, as it could with FOR SHARE.
-- Keys sort tenant, role, binding ("1/", "2/", "3/"), and everyone takes them in that order.
create function hold_authority(p_keys text[]) returns void language plpgsql as $$
begin
  perform pg_advisory_xact_lock_shared(k)
    from (select hashtextextended('authority/' || x, 0) as k from (select distinct x from unnest(p_keys) x) d order by x) sorted;
end $$;

create function change_authority(p_keys text[]) returns void language plpgsql as $$
begin
  perform pg_advisory_xact_lock(k)
    from (select hashtextextended('authority/' || x, 0) as k from (select distinct x from unnest(p_keys) x) d order by x) sorted;
end $$;

create sequence authority_seq;

create table audit (
  id bigint generated always as identity primary key,
  -- Commit order: rows of transactions below the snapshot's horizon are complete, so nothing is skipped.
  xid bigint not null default (pg_current_xact_id()::text::bigint),
  at bigint not null,
  tenant text,
  writer text not null,
  writer_seq bigint not null,
  principal text not null,
  action text not null,
  decision text not null,
  reason text not null,
  binding_uid text,
  run_id text,
  facts jsonb not null default '{}',
  -- The row of a hold or a charge is the money's journal too: balances are sums of these.
  call_id text,
  payer_id bigint,
  path_id bigint,
  held_delta bigint not null default 0,
  spent_delta bigint not null default 0,
  salt bytea not null default uuid_send(gen_random_uuid()),
  unique (writer, writer_seq)
);
create index audit_by_commit on audit (xid, id);
create index audit_by_binding on audit (binding_uid, id);
create index audit_by_run on audit (run_id, id);
create index audit_by_tenant on audit (tenant, id);
create index audit_money on audit (payer_id, at) where spent_delta <> 0 or held_delta <> 0;
create index audit_paths on audit (path_id) where path_id is not null;

create table audit_chain (
  seq bigint primary key,
  audit_id bigint not null unique,
  commitment text not null,
  hash text not null
);
