create table inspections (
  id uuid primary key,
  number text,
  kind text not null,
  title text not null,
  place text not null,
  inspected_on text not null,
  inspectors text not null,
  findings text not null,
  problems boolean not null,
  hidden boolean not null,
  recorded_by uuid,
  released_by uuid,
  released_at timestamptz,
  state text not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null
);
create index inspections_created on inspections (created_at, id);
create table rectifications (
  id uuid primary key,
  number text not null,
  inspection_id uuid references inspections (id),
  title text not null,
  demand text not null,
  working_days integer,
  answer text,
  answered_by uuid,
  answered_at timestamptz,
  opinion text,
  rounds integer not null,
  issued_by uuid,
  issued_at timestamptz not null,
  verified_by uuid,
  verified_at timestamptz,
  state text not null,
  open boolean not null,
  overdue boolean not null,
  due_at timestamptz,
  next_alarm_at timestamptz,
  updated_at timestamptz not null,
  version bigint not null
);
create index rectifications_issued on rectifications (issued_at, id);
create index rectifications_inspection on rectifications (inspection_id);
create index rectifications_alarm on rectifications (next_alarm_at);
create table regulations (
  id uuid primary key,
  kind text not null,
  side text not null,
  code text not null,
  title text not null,
  steps jsonb not null,
  audience jsonb not null,
  current_id uuid,
  n integer not null,
  state text not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null
);
create unique index regulations_code on regulations (side, code);
create table regulation_versions (
  id uuid primary key,
  regulation_id uuid not null references regulations (id),
  n integer not null,
  body jsonb not null,
  change_note text,
  published_by uuid,
  published_at timestamptz not null,
  due_at timestamptz,
  next_alarm_at timestamptz
);
create unique index regulation_versions_n on regulation_versions (regulation_id, n);
create index regulation_versions_alarm on regulation_versions (next_alarm_at);
create table regulation_reads (
  id uuid primary key,
  version_id uuid not null references regulation_versions (id),
  user_id uuid not null,
  read_at timestamptz not null
);
create unique index regulation_reads_user on regulation_reads (version_id, user_id);
