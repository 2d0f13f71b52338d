-- As in 004, but the window of an account is computed only where one must be made, and what covers a call is looked up once.
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
      cross join lateral (values ('binding', q.binding), ('role', q.role), ('team', q.team), ('all', '')) s (kind, value)
      join budgets b on b.tenant = p_tenant and b.active and b.select_kind = s.kind and b.select_value = s.value
      join limits l on l.budget_id = b.id and l.active
      left join lateral (
        select x.id from accounts x
         where x.limit_id = l.id and x.generation = b.generation
           and x.run_id = case when l.win = 'Run' then q.run else '' end and x.starts_at <= p_now and x.resets_at > p_now
      ) a on true;
    exit when not missing;
    insert into accounts (limit_id, generation, run_id, starts_at, resets_at, ceiling)
    select m.limit_id, m.generation, m.run, w.starts_at, w.resets_at, m.amount
      from (
        select distinct l.id as limit_id, b.generation, l.win, b.time_zone, l.amount,
               case when l.win = 'Run' then q.run else '' end as run
          from unnest(p_bindings, p_roles, p_teams, p_runs) as q (binding, role, team, run)
          cross join lateral (values ('binding', q.binding), ('role', q.role), ('team', q.team), ('all', '')) s (kind, value)
          join budgets b on b.tenant = p_tenant and b.active and b.select_kind = s.kind and b.select_value = s.value
          join limits l on l.budget_id = b.id and l.active
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
