create table continuity_plans (
  id uuid primary key,
  scenario text not null,
  title text not null,
  owner_id uuid not null,
  rto_minutes integer not null,
  body jsonb not null,
  n integer not null,
  written_by uuid,
  written_at timestamptz not null,
  created_at timestamptz not null,
  state text not null,
  updated_at timestamptz not null,
  version bigint not null
);
create unique index continuity_plans_scenario on continuity_plans (scenario);
create table continuity_drills (
  id uuid primary key,
  plan_id uuid not null references continuity_plans (id),
  n integer not null,
  held_on text not null,
  participants text not null,
  findings text not null,
  improvements text,
  passed boolean not null,
  recorded_by uuid,
  at timestamptz not null
);
create index continuity_drills_plan on continuity_drills (plan_id, held_on);
create table continuity_standbys (
  id uuid primary key,
  user_id uuid not null,
  from_day text not null,
  until_day text not null,
  phone text,
  note text,
  by_id uuid,
  at timestamptz not null
);
create index continuity_standbys_from on continuity_standbys (from_day, id);
create table paper_sheets (
  id uuid primary key,
  number text not null,
  lines integer not null,
  printed_by uuid,
  printed_at timestamptz not null,
  closed_at timestamptz,
  state text not null,
  updated_at timestamptz not null,
  version bigint not null
);
create index paper_sheets_printed on paper_sheets (printed_at, id);
create table paper_entries (
  id uuid primary key,
  sheet_id uuid not null references paper_sheets (id),
  line integer not null,
  contact_id uuid not null,
  by_id uuid,
  at timestamptz not null
);
create unique index paper_entries_line on paper_entries (sheet_id, line);
create unique index paper_entries_contact on paper_entries (contact_id);
