create table leave_requests (
  id uuid primary key,
  number text not null,
  user_id uuid not null,
  kind text not null,
  from_day text not null,
  from_noon boolean not null,
  to_day text not null,
  to_noon boolean not null,
  half_days bigint not null check (half_days > 0),
  minutes bigint not null,
  reason text not null,
  state text not null,
  requested_by uuid,
  requested_at timestamptz not null,
  decided_by uuid,
  decided_at timestamptz,
  opinion text,
  updated_at timestamptz not null,
  version bigint not null
);
create index leave_requests_requested on leave_requests (requested_at, id);
create index leave_requests_user on leave_requests (user_id, from_day);
create index leave_requests_days on leave_requests (state, to_day);
alter table attendance_records add column leave_kind text;
create table shift_swaps (
  id uuid primary key,
  number text not null,
  asker_id uuid not null,
  asker_day text not null,
  asker_shift_id text not null,
  colleague_id uuid not null,
  colleague_day text not null,
  colleague_shift_id text not null,
  reason text not null,
  state text not null,
  asked_at timestamptz not null,
  decided_by uuid,
  decided_at timestamptz,
  opinion text,
  updated_at timestamptz not null,
  version bigint not null
);
create index shift_swaps_asked on shift_swaps (asked_at, id);
create index shift_swaps_state on shift_swaps (state, asked_at);
