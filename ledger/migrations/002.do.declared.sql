-- What is declared, as far as the ledger decides by it.

create table roles (
  uid text primary key,
  tenant text not null,
  namespace text not null,
  name text not null,
  revision text not null,
  compiled boolean not null,
  dropped boolean not null default false,
  authority_seq bigint not null,
  max_running int not null,
  max_waiting int not null
);
create unique index roles_by_name on roles (tenant, name) where not dropped;

create table revisions (
  role_uid text not null references roles (uid),
  revision text not null,
  tenant text not null,
  namespace text not null,
  name text not null,
  content jsonb not null,
  source_map jsonb not null,
  compiled boolean not null,
  created_at bigint not null,
  primary key (role_uid, revision)
);
create index revisions_by_hash on revisions (tenant, revision, created_at);

create table tiers (
  name text primary key,
  record jsonb not null,
  dropped boolean not null default false
);

create table tool_servers (
  uid text primary key,
  tenant text not null,
  namespace text not null,
  name text not null,
  spec jsonb not null,
  ready boolean not null,
  protocol_version text,
  dropped boolean not null default false
);
create unique index tool_servers_by_name on tool_servers (tenant, name) where not dropped;

create table tools (
  server_uid text not null references tool_servers (uid),
  name text not null,
  position int not null,
  description text not null,
  input_schema jsonb not null,
  schema_hash text not null,
  pinned_hash text not null,
  state text not null check (state in ('Admitted', 'Quarantined')),
  -- A tool that left the list keeps its pin: taking it out and putting another in its place must not admit that one.
  listed boolean not null default true,
  primary key (server_uid, name)
);

-- Whom money belongs to, by name: deleting a binding and creating it again buys nothing.
create table payers (
  id bigint generated always as identity primary key,
  tenant text not null,
  role_name text not null,
  subject_kind text not null,
  subject_name text not null,
  team text,
  unique nulls not distinct (tenant, role_name, subject_kind, subject_name, team)
);

create table bindings (
  uid text primary key,
  tenant text not null,
  namespace text not null,
  name text not null,
  role_uid text not null,
  role_name text not null,
  subject_kind text not null,
  subject_name text not null,
  team text,
  payer_id bigint references payers (id),
  spec jsonb not null,
  effective jsonb not null,
  time_zone text not null,
  credentials jsonb not null,
  account_id text not null unique,
  state text not null check (state in ('active', 'suspended', 'revoked')),
  authority_seq bigint not null,
  stopped_by text,
  hired_at bigint not null,
  fired_at bigint,
  revocation_seq bigint
);
-- Tombstones keep their row, so both are about the living only.
create unique index bindings_by_name on bindings (tenant, name) where state <> 'revoked';
create unique index bindings_by_subject on bindings (tenant, role_name, subject_kind, subject_name) where state <> 'revoked';
create index bindings_by_role on bindings (role_uid) where state <> 'revoked';

-- The key of a binding's content, wrapped by the master key. Destroying the row erases the content.
create table content_keys (
  binding_uid text primary key,
  wrapped bytea not null
);

create table stops (
  uid text primary key,
  tenant text not null,
  name text not null,
  kind text not null check (kind in ('all', 'role', 'binding', 'team')),
  value text not null,
  reason text not null
);
create index stops_by_tenant on stops (tenant);

-- Numbers are taken under a lock, so that order of numbers is order of commits and a cursor skips nothing.
create table revocations (
  seq bigint generated always as identity primary key,
  at bigint not null,
  binding_uid text,
  run_id text,
  reason text not null
);

create table gateways (
  name text primary key,
  ack_seq bigint not null,
  lease_until bigint not null
);

create table downstream (
  id text primary key,
  binding_uid text not null,
  namespace text not null,
  server text not null,
  material bytea not null,
  state text not null default 'pending' check (state in ('pending', 'done', 'handedOn')),
  outcome text,
  attempts int not null default 0,
  last_error text,
  created_at bigint not null,
  next_at bigint not null,
  claimed_by text
);
create index downstream_due on downstream (next_at) where state <> 'done';
create index downstream_by_binding on downstream (binding_uid);

create table schedules (
  trigger_uid text not null,
  binding_uid text not null,
  fingerprint text not null,
  armed_at bigint not null,
  last_fired bigint,
  primary key (trigger_uid, binding_uid)
);
create index schedules_by_binding on schedules (binding_uid);
