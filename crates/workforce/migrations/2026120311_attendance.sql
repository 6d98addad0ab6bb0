create table punches (
  id uuid primary key,
  user_id uuid not null,
  on_day text not null,
  kind text not null,
  at timestamptz not null,
  device_at timestamptz not null,
  device text not null,
  address text not null,
  on_floor boolean not null
);
create index punches_day on punches (on_day, at);
create index punches_user on punches (user_id, at);
create table workforce_days (
  id uuid primary key,
  on_day text not null,
  state text not null,
  exceptions bigint not null,
  closed_by uuid,
  closed_at timestamptz,
  confirmed_by uuid,
  confirmed_at timestamptz,
  opinion text,
  updated_at timestamptz not null,
  version bigint not null
);
create unique index workforce_days_day on workforce_days (on_day);
create index workforce_days_state on workforce_days (state, on_day);
create table attendance_records (
  id uuid primary key,
  on_day text not null,
  seat text not null,
  user_id uuid,
  kind text not null,
  minutes bigint not null check (minutes >= 0),
  whole_minutes bigint not null,
  late_minutes bigint not null,
  early_minutes bigint not null,
  came_at timestamptz,
  left_at timestamptz,
  findings text not null,
  reason text,
  corrects_id uuid,
  state text not null,
  seq bigint,
  before_hash text,
  hash text,
  written_by uuid,
  written_at timestamptz not null,
  decided_by uuid,
  decided_at timestamptz
);
create index attendance_records_day on attendance_records (on_day, seat);
create index attendance_records_state on attendance_records (state, written_at);
create unique index attendance_records_seq on attendance_records (seq);
create table attendance_chain (
  id text primary key,
  seq bigint not null,
  hash text not null
);
insert into attendance_chain (id, seq, hash) values
  ('attendance', 0, '0000000000000000000000000000000000000000000000000000000000000000');
