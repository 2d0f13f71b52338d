-- The number below which every transaction of this database is over: what it wrote is visible or will never be. Order by
-- transaction number below it is an order that nothing joins later. A snapshot's own xmin would do, but it waits for the
-- transactions of every other database of the server too.
create function commit_horizon() returns bigint language plpgsql as $$
declare
  -- First the end, then who is still running: a transaction that begins in between has a number at or above it.
  last bigint := pg_snapshot_xmax(pg_current_snapshot())::text::bigint;
  open bigint;
begin
  perform pg_stat_clear_snapshot();
  if exists (select from pg_stat_activity
              where datname = current_database() and backend_type = 'client backend' and state is null) then
    -- Another user's sessions show nothing to us.
    return pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
  end if;
  -- xid has 32 bits; the end lends it the upper ones.
  select min(last - (((last & 4294967295) - backend_xid::text::bigint + 4294967296) & 4294967295)) into open
    from pg_stat_activity where datname = current_database() and backend_xid is not null;
  return least(last, coalesce(open, last));
end $$;
