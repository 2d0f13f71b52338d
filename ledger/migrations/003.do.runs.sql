create table runs (
  id text primary key,
  tenant text not null,
  namespace text not null,
  object_name text not null,
  object_uid text,
  binding_uid text not null references bindings (uid),
  binding_name text not null,
  role_uid text not null,
  role_name text not null,
  role_revision text not null,
  payer_id bigint not null,
  team text,
  admit_key text not null,
  phase text not null,
  reason text not null,
  message text not null,
  waiting_type text,
  waiting_name text,
  waiting_since bigint,
  origin jsonb not null,
  requested_by text not null,
  -- Sealed under the binding's key: a task may quote mail.
  task bytea not null,
  epoch bigint not null default 0,
  worker text,
  gateway text,
  lease_until bigint,
  rung text,
  tier text,
  steps int not null default 0,
  tokens_in bigint not null default 0,
  tokens_out bigint not null default 0,
  cost bigint not null default 0,
  trace_id text not null,
  parent_span text,
  verified text not null default 'Unknown',
  output_digest text,
  created_at bigint not null,
  queued_at bigint not null,
  started_at bigint,
  finished_at bigint,
  deadline bigint not null,
  trigger_uid text,
  projection jsonb,
  window_state text,
  change_seq bigint not null default (pg_current_xact_id()::text::bigint),
  unique (tenant, admit_key)
);
create index runs_queue on runs (binding_uid, queued_at, id) where phase = 'Queued';
create index runs_open on runs (binding_uid, phase) where phase in ('Queued', 'Running', 'Waiting');
create index runs_leases on runs (lease_until) where phase = 'Running';
create index runs_deadlines on runs (deadline) where phase in ('Queued', 'Waiting');
create index runs_by_change on runs (change_seq);
create index runs_by_object on runs (tenant, object_name, created_at);
create index runs_by_binding on runs (binding_uid, created_at);
create index runs_by_trigger on runs (trigger_uid, binding_uid, created_at) where trigger_uid is not null;

create table cursors (
  name text primary key,
  position bigint not null
);

-- One row per binding that a claim locks: it counts, keeps limits exact and takes turns between bindings.
create table lanes (
  binding_uid text primary key,
  tenant text not null,
  queued int not null default 0,
  running int not null default 0,
  waiting int not null default 0,
  max_running int not null,
  max_waiting int not null,
  open boolean not null,
  last_claimed bigint not null default 0
);
create index lanes_claimable on lanes (last_claimed, binding_uid) where open and queued > 0 and running < max_running;

create function count_lane() returns trigger language plpgsql as $$
declare
  was text := case when tg_op = 'INSERT' then '' else old.phase end;
begin
  if was is distinct from new.phase then
    update lanes set
      queued = queued + (new.phase = 'Queued')::int - (was = 'Queued')::int,
      running = running + (new.phase = 'Running')::int - (was = 'Running')::int,
      waiting = waiting + (new.phase = 'Waiting')::int - (was = 'Waiting')::int
    where binding_uid = new.binding_uid
      and (new.phase in ('Queued', 'Running', 'Waiting') or was in ('Queued', 'Running', 'Waiting'));
  end if;
  return null;
end $$;
create trigger runs_count_lane after insert or update of phase on runs for each row execute function count_lane();

create table tokens (
  hash text primary key,
  kind text not null check (kind in ('run', 'binding')),
  run_id text references runs (id),
  binding_uid text not null,
  epoch bigint not null,
  issued_at bigint not null,
  expires_at bigint not null,
  revoked_at bigint
);
create index tokens_by_binding on tokens (binding_uid) where revoked_at is null;
create index tokens_by_run on tokens (run_id);

create table steps (
  run_id text not null references runs (id),
  step int not null,
  action int not null,
  epoch bigint not null,
  kind text not null,
  name text not null,
  state text not null check (state in ('intended', 'happened', 'uncertain', 'refused')),
  -- True: the model has its answer (a denial is one), and the next step may follow.
  complete boolean not null,
  verdict text,
  rule text,
  source text,
  repeat text not null,
  digest text not null,
  request bytea,
  response bytea,
  response_digest text,
  refusal jsonb,
  call_id text,
  held bigint,
  charged bigint,
  tokens_in bigint,
  tokens_out bigint,
  started_at bigint not null,
  finished_at bigint,
  error text,
  primary key (run_id, step, action)
);

-- Bodies, one message each, sealed under the key of the binding and stored once per binding: the id is a keyed hash.
create table blobs (
  binding_uid text not null,
  id bytea not null,
  sealed bytea not null,
  primary key (binding_uid, id)
);

create table documents (
  binding_uid text not null,
  path text not null,
  version int not null,
  bytes int not null,
  sealed bytea not null,
  run_id text,
  step text,
  at bigint not null,
  primary key (binding_uid, path, version)
);
create unique index documents_by_step on documents (run_id, step) where run_id is not null;

create table artifacts (
  run_id text not null references runs (id),
  binding_uid text not null,
  name text not null,
  sha256 text not null,
  bytes int not null,
  sealed bytea not null,
  at bigint not null,
  primary key (run_id, name, sha256)
);

-- Brings lanes in line with bindings and roles; the only writer of what is not a count.
create function refresh_lanes(p_bindings text[]) returns void language sql as $$
  insert into lanes (binding_uid, tenant, max_running, max_waiting, open)
  select b.uid, b.tenant, coalesce(r.max_running, 1), coalesce(r.max_waiting, 1),
         b.state = 'active' and b.stopped_by is null and coalesce(not r.dropped, false)
    from bindings b left join roles r on r.uid = b.role_uid
   where b.uid = any (p_bindings)
   order by b.uid
  on conflict (binding_uid) do update
    set max_running = excluded.max_running, max_waiting = excluded.max_waiting, open = excluded.open
$$;

-- The name of a stop that covers a binding, or null.
create function stop_over(p_tenant text, p_role text, p_binding text, p_team text) returns text language sql stable as $$
  select name from stops
   where tenant = p_tenant and (kind = 'all' or (kind, value) in (('role', p_role), ('binding', p_binding), ('team', p_team)))
   order by name limit 1
$$;

create sequence claim_turns;

-- Takes the oldest run of the lane whose turn it is. Locking the lane makes the limit exact and the turn fair; rows that
-- others work on are skipped, so no claim waits. `more` says that another claim would find work in the same lane.
create function claim_run(p_now bigint, p_worker text, p_gateway text, p_lease_until bigint)
returns table (run_id text, epoch bigint, more boolean) language plpgsql as $$
declare
  tried text[] := array[]::text[];
  lane lanes%rowtype;
  picked text;
begin
  for attempt in 1..20 loop
    select * into lane from lanes l
     where l.open and l.queued > 0 and l.running < l.max_running and l.binding_uid <> all (tried)
     order by l.last_claimed, l.binding_uid limit 1
     for update skip locked;
    if not found then return; end if;
    select r.id into picked from runs r
     where r.binding_uid = lane.binding_uid and r.phase = 'Queued' and r.deadline > p_now
     order by r.queued_at, r.id limit 1
     for no key update skip locked;
    if found then
      update lanes l set last_claimed = nextval('claim_turns') where l.binding_uid = lane.binding_uid;
      return query
      update runs r set phase = 'Running', reason = 'Running', message = '', epoch = r.epoch + 1, worker = p_worker,
             gateway = p_gateway, lease_until = p_lease_until, started_at = coalesce(r.started_at, p_now),
             change_seq = pg_current_xact_id()::text::bigint
       where r.id = picked
      returning r.id, r.epoch, lane.queued > 1 and lane.running + 1 < lane.max_running;
      return;
    end if;
    tried := tried || lane.binding_uid;
  end loop;
end $$;
