create table notices (
  id uuid primary key,
  event_id uuid not null,
  user_id uuid not null,
  kind text not null,
  subject_kind text not null,
  subject_id text not null,
  parameters jsonb not null,
  urgency text not null,
  in_console boolean not null,
  at timestamptz not null,
  read_at timestamptz,
  done_at timestamptz,
  place text not null
);
create unique index notices_told_once on notices (event_id, user_id, kind);
create index notices_list on notices (user_id, place, id);
create index notices_subject on notices (subject_id, kind);
create index notices_at on notices (at, id);
create table notice_deliveries (
  id uuid primary key,
  notice_id uuid not null references notices (id),
  user_id uuid not null,
  kind text not null,
  way text not null,
  state text not null,
  attempts integer not null,
  made_at timestamptz not null,
  next_at timestamptz not null,
  sent_at timestamptz,
  claimed_by text,
  claimed_until timestamptz,
  last_error text
);
create unique index notice_deliveries_one_each on notice_deliveries (notice_id, way);
create index notice_deliveries_due on notice_deliveries (way, state, next_at);
create index notice_deliveries_made on notice_deliveries (made_at, id);
create index notice_deliveries_user on notice_deliveries (user_id, made_at, id);
create table notice_choices (
  user_id uuid not null,
  kind text not null,
  console boolean not null,
  email boolean not null,
  sms boolean not null,
  chosen_at timestamptz not null,
  primary key (user_id, kind)
);
create table notice_addresses (
  user_id uuid primary key,
  email text,
  mobile text,
  verified boolean not null,
  changed_at timestamptz not null
);
