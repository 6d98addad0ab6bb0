create table team_members (
  id uuid primary key,
  position text not null,
  user_id uuid,
  name text not null,
  duties text not null,
  reports_to uuid references team_members (id),
  appointed_on text not null,
  ended_on text,
  end_reason text,
  filed_at timestamptz not null,
  filed_by uuid,
  acknowledged_by uuid,
  acknowledged_at timestamptz,
  state text not null,
  updated_at timestamptz not null,
  version bigint not null
);
create index team_members_appointed on team_members (appointed_on, id);
create table meetings (
  id uuid primary key,
  number text not null,
  title text not null,
  held_on text not null,
  place text not null,
  attendees jsonb not null,
  guests text,
  minutes jsonb not null,
  recorded_by uuid,
  side text not null,
  confirmed_by uuid,
  confirmed_at timestamptz,
  state text not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null
);
create index meetings_created on meetings (created_at, id);
create table meeting_actions (
  id uuid primary key,
  meeting_id uuid not null references meetings (id),
  what text not null,
  owner_id uuid not null,
  due_on text not null,
  done_at timestamptz,
  done_by uuid,
  done_note text,
  overdue boolean not null,
  next_alarm_at timestamptz,
  state text not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null
);
create index meeting_actions_meeting on meeting_actions (meeting_id, created_at);
create index meeting_actions_owner on meeting_actions (owner_id, state);
create index meeting_actions_alarm on meeting_actions (next_alarm_at);
