create table line_settings (
  id uuid primary key,
  state text not null,
  menu jsonb not null,
  message_box boolean not null,
  survey boolean not null,
  survey_period_days integer not null,
  incident boolean not null,
  incident_reason text,
  holiday boolean not null,
  holiday_reason text,
  holiday_until timestamptz,
  next_alarm_at timestamptz,
  version bigint not null,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create table prompt_versions (
  id uuid primary key,
  name text not null,
  number integer not null,
  state text not null,
  words text not null,
  reason text not null,
  path text not null,
  bytes bigint not null,
  sha256 text not null,
  length_ms bigint not null,
  made_by_id uuid not null,
  decided_by_id uuid,
  decided_at timestamptz,
  opinion text,
  version bigint not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  unique (name, number)
);
create index prompt_versions_state on prompt_versions (state, name);
-- Who has the ticket of a message left in the message box: he may hear it.
create table call_message_owners (
  id uuid primary key,
  ticket_id uuid not null,
  owner_id uuid not null
);
create index call_message_owners_owner on call_message_owners (owner_id);
create index call_message_owners_ticket on call_message_owners (ticket_id);
