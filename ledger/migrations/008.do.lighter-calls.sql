-- Each guarded call writes a step, a call and audit rows; what they pay for beyond their keys must be asked for.

-- Their run is locked by the same transaction and runs are never deleted, so these checks could not fail.
alter table steps drop constraint steps_run_id_fkey;
alter table calls drop constraint calls_run_id_fkey;
alter table calls drop constraint calls_path_id_fkey;

-- A writer's numbers are unique because its name carries its start.
alter table audit drop constraint audit_writer_writer_seq_key;
-- Sums of today come from the calls, and the health check reads everything anyway.
drop index audit_money;
drop index audit_paths;
