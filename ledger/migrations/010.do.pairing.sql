-- Which cluster the ledger belongs to, and whether anything may run. One row; guard transactions read it under a shared lock
-- that recovery takes alone, so no intended row commits after recovery began.
create table pairing (
  singleton boolean primary key default true check (singleton),
  -- UID of the cluster's namespace kube-system; null until the first controller has led.
  cluster text,
  -- The database server at that time: a copy elsewhere counts its transactions anew.
  server text,
  epoch bigint not null default 0,
  since bigint,
  cause text,
  message text,
  -- How far the cluster was told for certain.
  marked bigint not null default 0,
  -- What the cluster said when a person declared it out of date.
  accepted jsonb,
  -- Nothing that was asked for before is admitted.
  not_before bigint not null default 0
);
insert into pairing default values;

create function hold_pairing() returns void language sql as $$
  select pg_advisory_xact_lock_shared(hashtextextended('pairing', 0))
$$;

create function assert_paired() returns void language plpgsql as $$
declare
  why text;
begin
  select message into why from pairing where since is not null;
  if found then
    raise exception '%', why using errcode = 'RO003';
  end if;
end $$;

-- As before, and first of all what recovery waits for.
create or replace function hold_authority(p_keys text[]) returns void language plpgsql as $$
begin
  perform hold_pairing();
  perform pg_advisory_xact_lock_shared(k)
    from (select hashtextextended('authority/' || x, 0) as k from (select distinct x from unnest(p_keys) x) d order by x) sorted;
end $$;

-- Who serves us. Empty where the service hides it.
create function server_identity(out server text, out timeline int) language plpgsql as $$
begin
  server := (select system_identifier::text from pg_control_system());
  timeline := ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int;
exception
  when others then
    server := '';
    timeline := 0;
end $$;

select grant_content();
