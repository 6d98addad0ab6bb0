create table export_requests (
  id uuid primary key,
  number text not null,
  kind text not null,
  target text not null,
  reason text not null,
  row_limit bigint not null,
  until_at timestamptz not null,
  state text not null,
  open boolean not null,
  next_alarm_at timestamptz,
  asked_by uuid not null,
  asked_at timestamptz not null,
  decided_by uuid,
  decided_at timestamptz,
  note text,
  used_at timestamptz,
  updated_at timestamptz not null,
  version bigint not null
);
create index export_requests_open on export_requests (open, asked_at);
create index export_requests_by on export_requests (asked_by, asked_at);
create index export_requests_alarm on export_requests (next_alarm_at);
create table exports (
  id uuid primary key,
  number text not null,
  kind text not null,
  target text not null,
  row_count bigint not null,
  bytes bigint not null,
  sha256 text not null,
  mark text not null,
  request_id uuid references export_requests (id),
  taken_by uuid not null,
  taken_at timestamptz not null
);
create unique index exports_number on exports (number);
create index exports_at on exports (taken_at, id);
create index exports_by on exports (taken_by, taken_at);
create index audit_entries_action on audit_entries (action, at, id);
insert into rules (kind, subject, effective_from, recorded_at, recorded_by, source, body) values
  ('export_limit', 'any', '2022-09-01T00:00:00+00:00', '2026-12-02T00:00:00+00:00', null,
   '采购需求书 A-54；条数为设计默认值，待采购人确认', '{"kind":"any","rows":500,"rows_a_day":2000}'),
  ('export_limit', 'matters', '2022-09-01T00:00:00+00:00', '2026-12-02T00:00:00+00:00', null,
   '设计默认值：事项目录不含个人信息', '{"kind":"matters","rows":20000,"rows_a_day":200000}'),
  ('export_limit', 'lookups', '2022-09-01T00:00:00+00:00', '2026-12-02T00:00:00+00:00', null,
   '设计默认值：查询表不含个人信息', '{"kind":"lookups","rows":20000,"rows_a_day":200000}'),
  ('export_limit', 'recording', '2022-09-01T00:00:00+00:00', '2026-12-02T00:00:00+00:00', null,
   '采购需求书 A-54；每日份数为设计默认值，待采购人确认', '{"kind":"recording","rows":1,"rows_a_day":20}'),
  ('export_limit', 'call_trace', '2022-09-01T00:00:00+00:00', '2026-12-02T00:00:00+00:00', null,
   '采购需求书 A-54；每日份数为设计默认值，待采购人确认', '{"kind":"call_trace","rows":1,"rows_a_day":20}'),
  ('access_alarm', 'reveal', '2022-09-01T00:00:00+00:00', '2026-12-02T00:00:00+00:00', null,
   '设计默认值，待采购人确认', '{"kind":"reveal","most_a_day":30}'),
  ('access_alarm', 'export', '2022-09-01T00:00:00+00:00', '2026-12-02T00:00:00+00:00', null,
   '设计默认值，待采购人确认', '{"kind":"export","most_a_day":10}'),
  ('access_alarm', 'listen', '2022-09-01T00:00:00+00:00', '2026-12-02T00:00:00+00:00', null,
   '设计默认值，待采购人确认', '{"kind":"listen","most_a_day":80}'),
  ('access_alarm', 'file', '2022-09-01T00:00:00+00:00', '2026-12-02T00:00:00+00:00', null,
   '设计默认值，待采购人确认', '{"kind":"file","most_a_day":60}'),
  ('access_alarm', 'print', '2022-09-01T00:00:00+00:00', '2026-12-02T00:00:00+00:00', null,
   '设计默认值，待采购人确认', '{"kind":"print","most_a_day":40}');
