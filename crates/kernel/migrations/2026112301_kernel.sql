create table audit_entries (
  id uuid primary key,
  at timestamptz not null,
  who_id uuid,
  who_name text not null,
  session_id uuid,
  action text not null,
  subject_kind text not null,
  subject_id text not null,
  details jsonb not null,
  seq bigint,
  hash text
);
create unique index audit_entries_seq on audit_entries (seq);
create index audit_entries_at on audit_entries (at, id);
create index audit_entries_subject on audit_entries (subject_kind, subject_id);
create index audit_entries_unsealed on audit_entries (at, id) where seq is null;
create table audit_head (
  name text primary key,
  seq bigint not null,
  hash text not null
);
create table audit_checks (
  id uuid primary key,
  at timestamptz not null,
  sealed bigint not null,
  broken_seq bigint,
  finding text not null
);
create table leases (
  name text primary key,
  holder text not null,
  held_until timestamptz not null
);
create table events (
  id uuid primary key,
  kind text not null,
  subject_id text not null,
  payload jsonb not null,
  occurred_at timestamptz not null
);
create index events_subject on events (subject_id, occurred_at);
create table event_deliveries (
  id uuid primary key,
  event_id uuid not null references events (id),
  handler text not null,
  state text not null,
  attempts integer not null,
  due_at timestamptz not null,
  claimed_by text,
  claimed_until timestamptz,
  last_error text
);
create index event_deliveries_due on event_deliveries (state, handler, due_at);
create index event_deliveries_event on event_deliveries (event_id);
create table jobs (
  id uuid primary key,
  name text not null,
  payload jsonb not null,
  state text not null,
  attempts integer not null,
  run_at timestamptz not null,
  claimed_by text,
  claimed_until timestamptz,
  last_error text
);
create index jobs_due on jobs (state, name, run_at);
create table job_schedules (
  name text primary key,
  next_at timestamptz not null,
  failures integer not null,
  claimed_by text,
  claimed_until timestamptz,
  last_started_at timestamptz,
  last_finished_at timestamptz,
  last_error text
);
create table idempotency_keys (
  id text primary key,
  body_hash text not null,
  state text not null,
  started_at timestamptz not null,
  node text not null,
  status integer,
  content_type text,
  location text,
  body text
);
create index idempotency_keys_started on idempotency_keys (started_at);
create table parameters (
  id uuid primary key,
  key text not null,
  value text not null,
  unit text not null,
  effective_from timestamptz not null,
  effective_to timestamptz,
  source_doc_no text not null,
  source_url text not null,
  note text not null,
  confirm_before_use boolean not null default false,
  recorded_at timestamptz not null,
  recorded_by uuid,
  confirmed_by uuid,
  confirmed_at timestamptz
);
create index parameters_key on parameters (key, effective_from);
create index parameters_recorded on parameters (recorded_at);
