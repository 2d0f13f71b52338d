-- What tenants wrote is readable only for the bindings that a transaction names, whatever its statements forget to say.
-- A defence against a missing predicate and no more: who can name a binding can read it.

-- Names and digests of artifacts are shown on resources; only their bytes are content.
create table artifact_bodies (
  binding_uid text not null,
  run_id text not null,
  name text not null,
  sha256 text not null,
  sealed bytea not null,
  primary key (run_id, name, sha256)
);
insert into artifact_bodies select binding_uid, run_id, name, sha256, sealed from artifacts;
alter table artifacts drop column sealed;

do $$
declare
  content text;
begin
  foreach content in array array['blobs', 'documents', 'artifact_bodies'] loop
    execute format('alter table %I enable row level security', content);
    -- The owner too: only a superuser is above it, and for that there is the role below.
    execute format('alter table %I force row level security', content);
    execute format(
      'create policy of_named_bindings on %I using (binding_uid = any (string_to_array(current_setting(''roster.bindings'', true), '','')))',
      content);
  end loop;
end $$;

-- The role that transactions with content run under. It owns nothing and cannot rewrite the audit. Where the database user
-- may not make roles, an administrator can: create role roster_content nologin; grant roster_content to <user>.
do $$
begin
  if not exists (select from pg_roles where rolname = 'roster_content') then
    create role roster_content nologin;
  end if;
  if not pg_has_role('roster_content', 'member') then
    grant roster_content to current_user;
  end if;
exception
  when insufficient_privilege or duplicate_object or unique_violation then null;
end $$;

create function grant_content() returns void language plpgsql as $$
begin
  if exists (select from pg_roles where rolname = 'roster_content') then
    grant usage on schema roster to roster_content;
    grant select, insert, update, delete on all tables in schema roster to roster_content;
    grant usage on all sequences in schema roster to roster_content;
    revoke update, delete on audit, audit_chain from roster_content;
  end if;
end $$;
select grant_content();
