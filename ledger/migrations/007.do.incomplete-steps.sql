-- "Is anything before this step incomplete?" is asked at every call; without this a long run would read all its steps.
create index steps_incomplete on steps (run_id, step, action) where not complete;
