create table recording_files (
  call_id uuid primary key references calls (id),
  direction text not null,
  queue text,
  made_at timestamptz not null,
  path text not null,
  bytes bigint,
  sha256 text,
  place text not null,
  archived_at timestamptz,
  condition text,
  checked_at timestamptz,
  holds bigint not null,
  removing_at timestamptz,
  removed_at timestamptz
);
create index recording_files_place on recording_files (place, made_at);
create index recording_files_made_at on recording_files (made_at, call_id);
create index recording_files_condition on recording_files (condition, made_at);
insert into recording_files (call_id, direction, queue, made_at, path, bytes, sha256, place, holds)
  select id, direction, queue, coalesce(ended_at, arrived_at), recording_path, recording_bytes, recording_sha256, 'local', 0
  from calls where recording_path is not null and outcome is not null and recording_state <> 'running';
create table recording_holds (
  id uuid primary key,
  call_id uuid not null references recording_files (call_id),
  reason text not null,
  placed_at timestamptz not null,
  placed_by uuid not null,
  until timestamptz,
  released_at timestamptz,
  released_by uuid,
  release_reason text
);
create index recording_holds_call on recording_holds (call_id, placed_at);
create index recording_holds_until on recording_holds (released_at, until);
create table recording_removals (
  call_id uuid primary key references calls (id),
  path text not null,
  bytes bigint,
  sha256 text,
  made_at timestamptz not null,
  removed_at timestamptz not null,
  rule text not null,
  rule_days bigint not null,
  rule_from timestamptz not null
);
create index recording_removals_at on recording_removals (removed_at, call_id);
insert into rules (kind, subject, effective_from, recorded_at, recorded_by, source, body) values
  ('recording_retention', '*/*', '2026-01-01T00:00:00+00:00', '2026-11-26T00:00:00+00:00', null, '设计默认值（3 年），待采购人确认',
   '{"queue":null,"direction":null,"days":1095}');
