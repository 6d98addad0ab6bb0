create table queues (
  code text primary key,
  name text not null,
  priority integer not null,
  skills jsonb not null,
  ring_timeout_s integer not null,
  wrap_up_s integer not null,
  max_extensions integer not null,
  service_level_s integer not null,
  short_abandon_s integer not null,
  preferred_wait_s integer not null,
  max_wait_s integer not null,
  no_answer text not null,
  version bigint not null,
  changed_at timestamptz not null
);
create table agent_skills (
  agent_id uuid not null,
  skill text not null,
  proficiency integer not null,
  primary key (agent_id, skill)
);
create table agent_sessions (
  id uuid primary key,
  agent_id uuid not null,
  began_at timestamptz not null,
  ended_at timestamptz,
  state text not null,
  presence text not null,
  reason text,
  work_id uuid,
  queue text,
  wrap_up_ends_at timestamptz,
  wrap_up_extensions integer not null,
  changed_at timestamptz not null
);
create index agent_sessions_ended_at on agent_sessions (ended_at, agent_id);
create table agent_state_changes (
  id uuid primary key,
  agent_id uuid not null,
  session_id uuid,
  at timestamptz not null,
  from_state text not null,
  to_state text not null,
  reason text,
  work_id uuid,
  by_kind text not null,
  by_id uuid
);
create index agent_state_changes_agent on agent_state_changes (agent_id, at, id);
create index agent_state_changes_at on agent_state_changes (at, id);
create table work_items (
  id uuid primary key,
  media text not null,
  queue text,
  priority integer not null,
  subject jsonb not null,
  offered_at timestamptz not null,
  first_rung_at timestamptz,
  rings integer not null,
  accepted_at timestamptz,
  in_time boolean,
  agent_id uuid,
  ended_at timestamptz,
  outcome text,
  short boolean not null,
  wait_ms bigint,
  wrap_up_began_at timestamptz,
  wrap_up_ended_at timestamptz,
  wrap_up_extensions integer not null,
  wrap_up_expired boolean not null,
  callback_due boolean not null,
  callback_done_at timestamptz,
  callback_done_by uuid,
  callback_note text
);
create index work_items_offered_at on work_items (offered_at, id);
create index work_items_ended_at on work_items (ended_at, id);
create index work_items_callback on work_items (callback_due, callback_done_at, offered_at);
