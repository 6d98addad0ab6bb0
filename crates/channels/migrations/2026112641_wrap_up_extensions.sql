alter table conversations add column wrap_up_extensions integer not null default 0;
