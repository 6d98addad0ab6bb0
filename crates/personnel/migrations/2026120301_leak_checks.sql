-- A check of a package runs as a job: since when it is asked for, and how far it is.
alter table leak_packages add column check_asked_at timestamptz;
alter table leak_packages add column checked_rows bigint not null default 0;
