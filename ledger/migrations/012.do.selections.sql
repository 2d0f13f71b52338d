-- The limits that cover a binding. Each selection is looked up by itself, and OFFSET keeps it so: where every binding has a
-- budget of its own, a plan from when they were few would read all of the tenant's budgets for each binding.
create or replace function limits_over(p_tenant text, p_binding text, p_role text, p_team text)
returns table (limit_id bigint, generation int, label text, win text, time_zone text, amount bigint)
language sql stable as $$
  select found.*
    from (values ('binding', p_binding), ('role', p_role), ('team', p_team), ('all', '')) s (kind, value)
    cross join lateral (
      select l.id, b.generation, b.label, l.win, b.time_zone, l.amount
        from budgets b join limits l on l.budget_id = b.id and l.active
       where b.tenant = p_tenant and b.active and b.select_kind = s.kind and b.select_value = s.value
      offset 0
    ) found
$$;

-- As in 004.
create or replace function budgets_over(p_tenant text, p_now bigint, p_binding text, p_role text, p_team text, p_run text)
returns table (label text, win text, ceiling bigint, spent bigint, held bigint, frozen boolean) language sql stable as $$
  select l.label, l.win, coalesce(a.ceiling, l.amount), coalesce(a.spent, 0), coalesce(a.held, 0), coalesce(a.frozen, false)
    from limits_over(p_tenant, p_binding, p_role, p_team) l
    left join lateral (
      select * from accounts x
       where x.limit_id = l.limit_id and x.generation = l.generation
         and x.run_id = case when l.win = 'Run' then p_run else '' end and x.starts_at <= p_now and x.resets_at > p_now
      offset 0
    ) a on true
$$;

-- As in 009.
create or replace function accounts_for(
  p_tenant text, p_now bigint, p_bindings text[], p_roles text[], p_teams text[], p_runs text[], p_also bigint[]
) returns table (
  ord int, id bigint, label text, win text, select_kind text, ceiling bigint, spent bigint, held bigint, frozen boolean
) language plpgsql as $$
declare
  ords int[];
  ids bigint[];
  missing boolean;
begin
  for attempt in 1..2 loop
    select array_agg(q.ord::int), array_agg(a.id), coalesce(bool_or(a.id is null), false) into ords, ids, missing
      from unnest(p_bindings, p_roles, p_teams, p_runs) with ordinality as q (binding, role, team, run, ord)
      cross join lateral limits_over(p_tenant, q.binding, q.role, q.team) l
      left join lateral (
        select x.id from accounts x
         where x.limit_id = l.limit_id and x.generation = l.generation
           and x.run_id = case when l.win = 'Run' then q.run else '' end and x.starts_at <= p_now and x.resets_at > p_now
      ) a on true;
    exit when not missing;
    insert into accounts (limit_id, generation, run_id, starts_at, resets_at, ceiling)
    select m.limit_id, m.generation, m.run, w.starts_at, w.resets_at, m.amount
      from (
        select distinct l.limit_id, l.generation, l.win, l.time_zone, l.amount,
               case when l.win = 'Run' then q.run else '' end as run
          from unnest(p_bindings, p_roles, p_teams, p_runs) as q (binding, role, team, run)
          cross join lateral limits_over(p_tenant, q.binding, q.role, q.team) l
      ) m
      cross join lateral window_bounds(m.win, p_now, m.time_zone) w
     order by 1, 2, 3
    on conflict do nothing;
  end loop;

  return query
  select m.ord, a.id, b.label, l.win, b.select_kind, a.ceiling, a.spent, a.held, a.frozen
    from (select * from accounts x where x.id = any (ids || p_also) order by x.id for update) a
    join limits l on l.id = a.limit_id
    join budgets b on b.id = l.budget_id
    join (select * from unnest(ords, ids) as y (ord, account) union all select 0, z from unnest(p_also) z) m on m.account = a.id;
end $$;
