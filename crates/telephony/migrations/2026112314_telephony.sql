create table calls (
  id uuid primary key,
  direction text not null,
  hotline text not null,
  caller text not null,
  caller_hash text not null,
  requester_id uuid,
  queue text,
  agent_id uuid,
  staff_no text,
  state text not null,
  outcome text,
  ended_by text,
  arrived_at timestamptz not null,
  queued_at timestamptz,
  rung_at timestamptz,
  answered_at timestamptz,
  ended_at timestamptz,
  held_ms bigint not null,
  trunk text not null,
  sip_call_id text not null,
  recording_state text not null,
  recording_path text,
  recording_ms bigint,
  recording_bytes bigint,
  recording_sha256 text,
  recording_lost_ms bigint,
  events bigint not null
);
create index calls_arrived_at on calls (arrived_at, id);
create index calls_agent on calls (agent_id, arrived_at);
create index calls_caller_hash on calls (caller_hash, arrived_at);
create index calls_outcome on calls (outcome, arrived_at);
create table call_events (
  id uuid primary key,
  call_id uuid not null references calls (id),
  seq bigint not null,
  at timestamptz not null,
  event text not null,
  details jsonb not null
);
create unique index call_events_call on call_events (call_id, seq);
