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
create table events (
  id uuid primary key,
  kind text not null,
  subject_id text not null,
  payload jsonb not null,
  occurred_at timestamptz not null
);
create table event_deliveries (
  id uuid primary key,
  event_id uuid not null references events (id),
  handler text not null,
  state text not null,
  attempts integer not null,
  due_at timestamptz not null,
  last_error text
);
create index event_deliveries_due on event_deliveries (state, due_at);
