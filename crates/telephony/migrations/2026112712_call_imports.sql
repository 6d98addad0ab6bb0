alter table call_imports add column problem text;
alter table call_imports add column moved_at timestamptz;
