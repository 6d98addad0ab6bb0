create table site_log (
  id uuid primary key,
  kind text not null,
  happened_at timestamptz not null,
  said text not null,
  written_by uuid,
  written_at timestamptz not null
);
create index site_log_happened on site_log (happened_at, id);
create table call_loads (
  on_day text not null,
  half_hour bigint not null check (half_hour between 0 and 47),
  calls bigint not null check (calls >= 0),
  handled bigint not null check (handled >= 0),
  handle_seconds bigint not null check (handle_seconds >= 0),
  primary key (on_day, half_hour)
);
