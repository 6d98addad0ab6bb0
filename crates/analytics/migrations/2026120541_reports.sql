create table report_templates (
  id uuid primary key,
  name text not null,
  period_kind text not null,
  state text not null,
  schedule jsonb not null,
  latest bigint not null,
  next_draft_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null
);
create index report_templates_next on report_templates (next_draft_at);
create index report_templates_created on report_templates (created_at, id);
create table report_template_versions (
  template_id uuid not null references report_templates (id),
  number bigint not null,
  name text not null,
  blocks jsonb not null,
  note text not null,
  recorded_by uuid,
  recorded_at timestamptz not null,
  primary key (template_id, number)
);
create table reports (
  id uuid primary key,
  number text not null,
  revision bigint not null,
  template_id uuid not null references report_templates (id),
  template_version bigint not null,
  period_kind text not null,
  from_day text not null,
  until_day text not null,
  title text not null,
  state text not null,
  content text not null,
  sha256 text,
  audit_head text,
  corrects uuid references reports (id),
  reason text,
  figures_at timestamptz not null,
  drafted_by uuid,
  drafted_at timestamptz not null,
  edited_by uuid,
  submitted_by uuid,
  submitted_at timestamptz,
  checked_by uuid,
  checked_at timestamptz,
  released_by uuid,
  released_at timestamptz,
  due_at timestamptz,
  overdue boolean not null,
  next_alarm_at timestamptz,
  updated_at timestamptz not null,
  version bigint not null
);
create unique index reports_of on reports (template_id, from_day, revision);
create index reports_number on reports (number, revision);
create index reports_drafted on reports (drafted_at, id);
create index reports_from on reports (from_day, id);
create index reports_state on reports (state, drafted_at);
create index reports_alarm on reports (next_alarm_at);
create table report_files (
  id uuid primary key,
  report_id uuid not null references reports (id),
  format text not null,
  path text not null,
  sha256 text not null,
  frozen_at timestamptz not null
);
create unique index report_files_of on report_files (report_id, format);
create table report_reads (
  report_id uuid not null references reports (id),
  user_id uuid not null,
  read_at timestamptz not null,
  primary key (report_id, user_id)
);
create index report_reads_user on report_reads (user_id, report_id);
create table report_trail (
  id uuid primary key,
  report_id uuid not null references reports (id),
  at timestamptz not null,
  who_id uuid,
  who_name text not null,
  action text not null,
  note text
);
create index report_trail_of on report_trail (report_id, at);
insert into rules (kind, subject, effective_from, recorded_at, recorded_by, source, body) values
  ('report_due', 'daily', '2022-09-01T00:00:00+00:00', '2026-12-05T00:00:00+00:00', null, '设计默认值，待采购人确认', '{"period":"daily","working_days":1}'),
  ('report_due', 'weekly', '2022-09-01T00:00:00+00:00', '2026-12-05T00:00:00+00:00', null, '设计默认值，待采购人确认', '{"period":"weekly","working_days":2}'),
  ('report_due', 'monthly', '2022-09-01T00:00:00+00:00', '2026-12-05T00:00:00+00:00', null, '设计默认值，待采购人确认', '{"period":"monthly","working_days":5}'),
  ('report_due', 'half_year', '2022-09-01T00:00:00+00:00', '2026-12-05T00:00:00+00:00', null, '设计默认值，待采购人确认', '{"period":"half_year","working_days":10}'),
  ('export_limit', 'reports', '2022-09-01T00:00:00+00:00', '2026-12-05T00:00:00+00:00', null,
   '设计默认值：一份报告的全部数据行，待采购人确认', '{"kind":"reports","rows":2000,"rows_a_day":20000}');
