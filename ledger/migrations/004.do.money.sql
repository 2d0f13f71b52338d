create table budgets (
  id bigint generated always as identity primary key,
  tenant text not null,
  key text not null,
  label text not null,
  time_zone text not null,
  select_kind text not null check (select_kind in ('binding', 'role', 'team', 'all')),
  select_value text not null,
  -- Raised when the zone changes: windows then begin elsewhere and accounts begin anew, backfilled.
  generation int not null default 1,
  active boolean not null default true,
  unique (tenant, key)
);
create index budgets_by_selection on budgets (tenant, select_kind, select_value) where active;

create table limits (
  id bigint generated always as identity primary key,
  budget_id bigint not null references budgets (id),
  win text not null check (win in ('Run', 'Day', 'Week', 'Month')),
  amount bigint not null check (amount >= 0),
  active boolean not null default true,
  unique (budget_id, win)
);

-- One account per limit and window; for the window "Run", one per run.
create table accounts (
  id bigint generated always as identity primary key,
  limit_id bigint not null references limits (id),
  generation int not null,
  run_id text not null default '',
  starts_at bigint not null,
  resets_at bigint not null,
  ceiling bigint not null check (ceiling >= 0),
  spent bigint not null default 0 check (spent >= 0),
  held bigint not null default 0 check (held >= 0),
  frozen boolean not null default false,
  -- What moved it last; only 'overrun' and 'backfill' may go over the ceiling.
  entry_kind text not null default 'open',
  unique (limit_id, generation, run_id, starts_at)
);

-- The second wall behind the guard's own arithmetic: whoever writes here, no hold takes an account over its ceiling.
create function refuse_overspend() returns trigger language plpgsql as $$
begin
  if new.spent + new.held > new.ceiling
     and (tg_op = 'INSERT' or new.spent + new.held > old.spent + old.held)
     and new.entry_kind not in ('overrun', 'backfill') then
    raise exception 'account % would hold % of %', new.id, new.spent + new.held, new.ceiling using errcode = 'RO002';
  end if;
  return new;
end $$;
create trigger accounts_refuse_overspend before insert or update on accounts for each row execute function refuse_overspend();

-- The accounts that one hold goes through. The id is a hash of the list, so that whoever needs it can compute it.
create table paths (
  id bigint primary key,
  accounts bigint[] not null
);

create table calls (
  call_id text primary key,
  tenant text not null,
  run_id text not null references runs (id),
  binding_uid text not null,
  payer_id bigint not null,
  step int not null,
  action int not null,
  epoch bigint not null,
  amount bigint not null default 0,
  path_id bigint references paths (id),
  price_version text,
  state text not null check (state in ('open', 'settled', 'released', 'disputed', 'charged')),
  charged bigint,
  estimated boolean not null default false,
  created_at bigint not null,
  disputed_at bigint,
  finished_at bigint
);
create index calls_by_step on calls (run_id, step, action);
create index calls_by_payer on calls (payer_id, created_at);
create index calls_unsettled on calls (created_at) where state in ('open', 'disputed');

-- Uses of a capped action; counted by payer so that a new binding for the same person starts with the old count.
create table cap_uses (
  payer_id bigint not null,
  cap_key text not null,
  at bigint not null,
  call_id text not null,
  primary key (payer_id, cap_key, call_id)
);
create index cap_uses_recent on cap_uses (payer_id, cap_key, at);
create index cap_uses_by_call on cap_uses (call_id);

-- The first instant whose local time is at or after `p_local`. Where clocks go back over midnight the day begins at the
-- first of two midnights; where they go forward over it, at the first minute that exists.
create function first_instant(p_local timestamp, p_zone text) returns timestamptz language sql stable as $$
  select min(candidate)
    from (select (p_local at time zone p_zone) - ago as candidate
            from unnest(array['0', '30 minutes', '1 hour', '2 hours']::interval[]) ago) tried
   where candidate at time zone p_zone >= p_local
$$;

create function window_bounds(p_win text, p_at bigint, p_zone text, out starts_at bigint, out resets_at bigint)
language plpgsql stable as $$
declare
  unit text := lower(p_win);
  local timestamp;
begin
  if p_win = 'Run' then
    starts_at := 0;
    resets_at := 9007199254740991;
    return;
  end if;
  local := date_trunc(unit, to_timestamp(p_at / 1000.0) at time zone p_zone);
  starts_at := round(extract(epoch from first_instant(local, p_zone)) * 1000);
  resets_at := round(extract(epoch from first_instant(local + ('1 ' || unit)::interval, p_zone)) * 1000);
end $$;

-- Every account that a call of one of the bindings must go through now, made where missing, locked in id order
-- together with `p_also`. `ord` says whose it is: the position in the lists, or 0 for the additional ones.
create function accounts_for(
  p_tenant text, p_now bigint, p_bindings text[], p_roles text[], p_teams text[], p_runs text[], p_also bigint[]
) returns table (
  ord int, id bigint, label text, win text, select_kind text, ceiling bigint, spent bigint, held bigint, frozen boolean
) language plpgsql as $$
begin
  insert into accounts (limit_id, generation, run_id, starts_at, resets_at, ceiling)
  select l.id, b.generation, case when l.win = 'Run' then q.run else '' end, w.starts_at, w.resets_at, l.amount
    from unnest(p_bindings, p_roles, p_teams, p_runs) as q (binding, role, team, run)
    cross join lateral (values ('binding', q.binding), ('role', q.role), ('team', q.team), ('all', '')) s (kind, value)
    join budgets b on b.tenant = p_tenant and b.active and b.select_kind = s.kind and b.select_value = s.value
    join limits l on l.budget_id = b.id and l.active
    cross join lateral window_bounds(l.win, p_now, b.time_zone) w
   where not exists (
     select from accounts a
      where a.limit_id = l.id and a.generation = b.generation
        and a.run_id = case when l.win = 'Run' then q.run else '' end and a.starts_at = w.starts_at)
   order by 1, 2, 3
  on conflict do nothing;

  perform from accounts a
    where a.id = any (p_also) or a.id in (
      select x.id
        from unnest(p_bindings, p_roles, p_teams, p_runs) as q (binding, role, team, run)
        cross join lateral (values ('binding', q.binding), ('role', q.role), ('team', q.team), ('all', '')) s (kind, value)
        join budgets b on b.tenant = p_tenant and b.active and b.select_kind = s.kind and b.select_value = s.value
        join limits l on l.budget_id = b.id and l.active
        join accounts x on x.limit_id = l.id and x.generation = b.generation
         and ((l.win = 'Run' and x.run_id = q.run)
           or (l.win <> 'Run' and x.run_id = '' and x.starts_at <= p_now and x.resets_at > p_now)))
    order by a.id
    for update;

  return query
  select q.ord::int, a.id, b.label, l.win, b.select_kind, a.ceiling, a.spent, a.held, a.frozen
    from unnest(p_bindings, p_roles, p_teams, p_runs) with ordinality as q (binding, role, team, run, ord)
    cross join lateral (values ('binding', q.binding), ('role', q.role), ('team', q.team), ('all', '')) s (kind, value)
    join budgets b on b.tenant = p_tenant and b.active and b.select_kind = s.kind and b.select_value = s.value
    join limits l on l.budget_id = b.id and l.active
    join accounts a on a.limit_id = l.id and a.generation = b.generation
     and ((l.win = 'Run' and a.run_id = q.run)
       or (l.win <> 'Run' and a.run_id = '' and a.starts_at <= p_now and a.resets_at > p_now))
  union all
  select 0, a.id, b.label, l.win, b.select_kind, a.ceiling, a.spent, a.held, a.frozen
    from accounts a join limits l on l.id = a.limit_id join budgets b on b.id = l.budget_id
   where a.id = any (p_also);
end $$;

-- What covers a binding now, read without making or locking anything; an account not made yet stands as new.
create function budgets_over(p_tenant text, p_now bigint, p_binding text, p_role text, p_team text, p_run text)
returns table (label text, win text, ceiling bigint, spent bigint, held bigint, frozen boolean) language sql stable as $$
  select b.label, l.win, coalesce(a.ceiling, l.amount), coalesce(a.spent, 0), coalesce(a.held, 0), coalesce(a.frozen, false)
    from (values ('binding', p_binding), ('role', p_role), ('team', p_team), ('all', '')) s (kind, value)
    join budgets b on b.tenant = p_tenant and b.active and b.select_kind = s.kind and b.select_value = s.value
    join limits l on l.budget_id = b.id and l.active
    left join accounts a on a.limit_id = l.id and a.generation = b.generation
     and ((l.win = 'Run' and a.run_id = p_run)
       or (l.win <> 'Run' and a.run_id = '' and a.starts_at <= p_now and a.resets_at > p_now))
$$;

-- The first statement of a guard transaction. Whoever locks, locks in this order: authority, caps, runs, accounts.
-- With its run locked, a step is the work of one transaction, and an epoch does not change under it.
create function enter_guard(p_authority text[], p_caps text[], p_runs text[]) returns void language plpgsql as $$
begin
  perform hold_authority(p_authority);
  perform pg_advisory_xact_lock(k)
    from (select distinct hashtextextended('cap/' || x, 0) as k from unnest(p_caps) x order by 1) sorted;
  perform from runs where id = any (p_runs) order by id for no key update;
end $$;
