create table shift_templates (
  id text primary key,
  name text not null,
  from_at text not null,
  to_at text not null,
  lunch_from text,
  lunch_to text,
  colour bigint not null,
  people bigint not null check (people >= 0),
  state text not null,
  updated_at timestamptz not null,
  version bigint not null
);
insert into shift_templates (id, name, from_at, to_at, lunch_from, lunch_to, colour, people, state, updated_at, version) values
  ('whole_day', '常日班', '08:30', '18:00', '12:00', '13:30', 0, 0, 'active', '2026-12-04T00:00:00+00:00', 1),
  ('lunch_early', '午休一轮', '08:30', '18:00', '11:30', '13:00', 1, 3, 'active', '2026-12-04T00:00:00+00:00', 1),
  ('lunch_late', '午休二轮', '08:30', '18:00', '13:00', '14:30', 2, 3, 'active', '2026-12-04T00:00:00+00:00', 1);
create table rosters (
  id uuid primary key,
  month text not null,
  state text not null,
  revision bigint not null,
  despite text,
  published_by uuid,
  published_at timestamptz,
  updated_at timestamptz not null,
  version bigint not null
);
create unique index rosters_month on rosters (month);
create table roster_cells (
  on_day text not null,
  user_id uuid not null,
  shift_id text not null references shift_templates (id),
  primary key (on_day, user_id)
);
create index roster_cells_user on roster_cells (user_id, on_day);
create index roster_cells_shift on roster_cells (shift_id);
create table roster_changes (
  id uuid primary key,
  month text not null,
  revision bigint not null,
  on_day text not null,
  user_id uuid not null,
  before_shift_id text,
  shift_id text,
  cause text not null,
  cause_id uuid,
  reason text,
  written_by uuid,
  written_at timestamptz not null
);
create index roster_changes_month on roster_changes (month, written_at);
create index roster_changes_cause on roster_changes (cause_id);
create table roster_drafts (
  id uuid primary key,
  month text not null,
  state text not null,
  seen_version bigint not null,
  seconds bigint not null,
  seed bigint not null,
  objective bigint,
  cells bigint,
  problem text,
  asked_by uuid,
  asked_at timestamptz not null,
  ended_at timestamptz
);
create index roster_drafts_month on roster_drafts (month, asked_at);
