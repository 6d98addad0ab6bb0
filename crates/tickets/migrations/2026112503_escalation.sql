alter table sections add column version bigint not null default 1;
create table section_absences (
  id uuid primary key,
  section text not null references sections (code),
  user_id uuid not null,
  from_day text not null,
  to_day text not null
);
create index section_absences_section on section_absences (section, from_day);
create table case_terms (
  code text not null,
  unit text not null,
  n integer not null,
  effective_from timestamptz not null,
  recorded_at timestamptz not null,
  recorded_by uuid,
  source text not null,
  primary key (code, effective_from, recorded_at)
);
insert into case_terms (code, unit, n, effective_from, recorded_at, source) values
  ('escalation.close', 'working_days', 1, '2022-09-01T00:00:00+00:00', '2026-11-23T00:00:00+00:00', '设计默认值，待采购人确认'),
  ('instruction.resubmit', 'working_days', 1, '2022-09-01T00:00:00+00:00', '2026-11-23T00:00:00+00:00', '设计默认值，待采购人确认'),
  ('instruction.reply', 'working_days', 2, '2022-09-01T00:00:00+00:00', '2026-11-23T00:00:00+00:00', '设计默认值，待采购人确认'),
  ('instruction.receipt', 'working_days', 2, '2022-09-01T00:00:00+00:00', '2026-11-23T00:00:00+00:00', '设计默认值，待采购人确认'),
  ('instruction.close', 'working_days', 5, '2022-09-01T00:00:00+00:00', '2026-11-23T00:00:00+00:00', '设计默认值，待采购人确认'),
  ('emergency.first_report', 'clock_minutes', 15, '2022-09-01T00:00:00+00:00', '2026-11-23T00:00:00+00:00', '设计默认值，待采购人确认'),
  ('emergency.arrival', 'clock_minutes', 1, '2022-09-01T00:00:00+00:00', '2026-11-23T00:00:00+00:00', '设计默认值，待采购人确认'),
  ('emergency.follow_up', 'clock_minutes', 120, '2022-09-01T00:00:00+00:00', '2026-11-23T00:00:00+00:00', '设计默认值，待采购人确认'),
  ('emergency.reminder', 'clock_minutes', 30, '2022-09-01T00:00:00+00:00', '2026-11-23T00:00:00+00:00', '设计默认值，待采购人确认'),
  ('incident.review', 'service_minutes', 120, '2022-09-01T00:00:00+00:00', '2026-11-23T00:00:00+00:00', '设计默认值，待采购人确认'),
  ('incident.closing', 'clock_minutes', 10, '2022-09-01T00:00:00+00:00', '2026-11-23T00:00:00+00:00', '设计默认值，待采购人确认'),
  ('incident.suggest_within', 'clock_minutes', 120, '2022-09-01T00:00:00+00:00', '2026-11-23T00:00:00+00:00', '设计默认值，待采购人确认'),
  ('incident.suggest_tickets', 'count', 10, '2022-09-01T00:00:00+00:00', '2026-11-23T00:00:00+00:00', '设计默认值，待采购人确认');
create table case_numbers (
  key text primary key,
  last bigint not null
);
create table case_lines (
  id uuid primary key,
  subject_kind text not null,
  subject_id uuid not null,
  at timestamptz not null,
  who_id uuid,
  who_name text not null,
  action text not null,
  note text
);
create index case_lines_subject on case_lines (subject_id, at, id);
create table case_notices (
  id uuid primary key,
  subject_kind text not null,
  subject_id uuid not null,
  user_id uuid not null,
  reason text not null,
  way text not null,
  made_at timestamptz not null,
  sent_at timestamptz,
  arrived_at timestamptz,
  acknowledged_at timestamptz
);
create index case_notices_subject on case_notices (subject_id, made_at, id);
create index case_notices_user on case_notices (user_id, made_at, id);
create table escalation_levels (
  level integer not null,
  role text not null,
  service_minutes integer not null,
  active boolean not null,
  effective_from timestamptz not null,
  recorded_at timestamptz not null,
  recorded_by uuid,
  source text not null,
  primary key (level, effective_from, recorded_at)
);
insert into escalation_levels (level, role, service_minutes, active, effective_from, recorded_at, source) values
  (1, 'shift_lead', 30, true, '2022-09-01T00:00:00+00:00', '2026-11-23T00:00:00+00:00', '设计默认值，待采购人确认'),
  (2, 'ops_manager', 60, true, '2022-09-01T00:00:00+00:00', '2026-11-23T00:00:00+00:00', '设计默认值，待采购人确认'),
  (3, 'purchaser_business', 240, true, '2022-09-01T00:00:00+00:00', '2026-11-23T00:00:00+00:00', '设计默认值，待采购人确认'),
  (4, 'purchaser_admin', 450, true, '2022-09-01T00:00:00+00:00', '2026-11-23T00:00:00+00:00', '设计默认值，待采购人确认');
create table escalations (
  id uuid primary key,
  number text not null,
  ticket_id uuid references tickets (id),
  section text references sections (code),
  title text not null,
  reason text not null,
  raised_by uuid,
  originator_id uuid not null,
  source_event text,
  state text not null,
  open boolean not null,
  level integer not null,
  due_at timestamptz,
  reminders integer not null,
  answer text,
  answered_by uuid,
  answered_at timestamptz,
  cause text,
  action text,
  closed_by uuid,
  closed_at timestamptz,
  raised_at timestamptz not null,
  next_alarm_at timestamptz,
  updated_at timestamptz not null,
  version bigint not null
);
create unique index escalations_number on escalations (number);
create unique index escalations_source_event on escalations (source_event);
create index escalations_raised_at on escalations (raised_at, id);
create index escalations_open on escalations (open, level, raised_at);
create index escalations_ticket on escalations (ticket_id, open);
create index escalations_originator on escalations (originator_id, raised_at, id);
create index escalations_alarm on escalations (next_alarm_at);
create table instructions (
  id uuid primary key,
  number text,
  kind text not null,
  matter_code text not null references matters (code),
  section text references sections (code),
  ticket_id uuid references tickets (id),
  title text not null,
  body text not null,
  author_id uuid not null,
  state text not null,
  open boolean not null,
  due_at timestamptz,
  rule_id text,
  reminders integer not null,
  returned_for text,
  reply text,
  replied_by uuid,
  replied_at timestamptz,
  submitted_at timestamptz,
  closed_at timestamptz,
  created_at timestamptz not null,
  next_alarm_at timestamptz,
  updated_at timestamptz not null,
  version bigint not null
);
create unique index instructions_number on instructions (number);
create index instructions_created_at on instructions (created_at, id);
create index instructions_state on instructions (state, created_at, id);
create index instructions_author on instructions (author_id, created_at, id);
create index instructions_ticket on instructions (ticket_id, created_at);
create index instructions_alarm on instructions (next_alarm_at);
create table emergency_categories (
  code text not null,
  name text not null,
  position integer not null,
  active boolean not null,
  effective_from timestamptz not null,
  recorded_at timestamptz not null,
  recorded_by uuid,
  source text not null,
  primary key (code, effective_from, recorded_at)
);
insert into emergency_categories (code, name, position, active, effective_from, recorded_at, source) values
  ('system_outage', '系统中断', 1, true, '2022-09-01T00:00:00+00:00', '2026-11-23T00:00:00+00:00', '设计默认值，待采购人确认'),
  ('exam_incident', '考试突发事件', 2, true, '2022-09-01T00:00:00+00:00', '2026-11-23T00:00:00+00:00', '设计默认值，待采购人确认'),
  ('mass_gathering', '群体性事件', 3, true, '2022-09-01T00:00:00+00:00', '2026-11-23T00:00:00+00:00', '设计默认值，待采购人确认'),
  ('public_opinion', '舆情', 4, true, '2022-09-01T00:00:00+00:00', '2026-11-23T00:00:00+00:00', '设计默认值，待采购人确认'),
  ('personal_safety', '人身安全', 5, true, '2022-09-01T00:00:00+00:00', '2026-11-23T00:00:00+00:00', '设计默认值，待采购人确认'),
  ('data_leak', '数据泄露', 6, true, '2022-09-01T00:00:00+00:00', '2026-11-23T00:00:00+00:00', '设计默认值，待采购人确认'),
  ('premises', '场所（火灾、停电、断网）', 7, true, '2022-09-01T00:00:00+00:00', '2026-11-23T00:00:00+00:00', '设计默认值，待采购人确认'),
  ('other', '其他', 8, true, '2022-09-01T00:00:00+00:00', '2026-11-23T00:00:00+00:00', '设计默认值，待采购人确认');
create table emergency_ways (
  role text not null,
  way text not null,
  active boolean not null,
  effective_from timestamptz not null,
  recorded_at timestamptz not null,
  recorded_by uuid,
  source text not null,
  primary key (role, way, effective_from, recorded_at)
);
insert into emergency_ways (role, way, active, effective_from, recorded_at, source) values
  ('shift_lead', 'console', true, '2022-09-01T00:00:00+00:00', '2026-11-23T00:00:00+00:00', '设计默认值，待采购人确认'),
  ('shift_lead', 'sms', true, '2022-09-01T00:00:00+00:00', '2026-11-23T00:00:00+00:00', '设计默认值，待采购人确认'),
  ('ops_manager', 'console', true, '2022-09-01T00:00:00+00:00', '2026-11-23T00:00:00+00:00', '设计默认值，待采购人确认'),
  ('ops_manager', 'sms', true, '2022-09-01T00:00:00+00:00', '2026-11-23T00:00:00+00:00', '设计默认值，待采购人确认'),
  ('counterpart', 'console', true, '2022-09-01T00:00:00+00:00', '2026-11-23T00:00:00+00:00', '设计默认值，待采购人确认'),
  ('counterpart', 'sms', true, '2022-09-01T00:00:00+00:00', '2026-11-23T00:00:00+00:00', '设计默认值，待采购人确认'),
  ('purchaser_admin', 'console', true, '2022-09-01T00:00:00+00:00', '2026-11-23T00:00:00+00:00', '设计默认值，待采购人确认'),
  ('purchaser_admin', 'sms', true, '2022-09-01T00:00:00+00:00', '2026-11-23T00:00:00+00:00', '设计默认值，待采购人确认');
create table emergencies (
  id uuid primary key,
  number text not null,
  category text not null,
  what text not null,
  place text not null,
  reported_by uuid not null,
  discovered_at timestamptz not null,
  raised_at timestamptz not null,
  first_report_late boolean not null,
  state text not null,
  open boolean not null,
  due_at timestamptz,
  arrival_due_at timestamptz,
  reports integer not null,
  reminders integer not null,
  final_report text,
  closed_by uuid,
  closed_at timestamptz,
  next_alarm_at timestamptz,
  updated_at timestamptz not null,
  version bigint not null
);
create unique index emergencies_number on emergencies (number);
create index emergencies_raised_at on emergencies (raised_at, id);
create index emergencies_open on emergencies (open, raised_at);
create index emergencies_alarm on emergencies (next_alarm_at);
create table incidents (
  id uuid primary key,
  number text not null,
  title text not null,
  matter_code text references matters (code),
  answer text not null,
  banner text not null,
  declared_by uuid not null,
  declared_at timestamptz not null,
  state text not null,
  open boolean not null,
  due_at timestamptz,
  reminders integer not null,
  cause text,
  closed_by uuid,
  closing_at timestamptz,
  closed_at timestamptz,
  report jsonb,
  next_alarm_at timestamptz,
  updated_at timestamptz not null,
  version bigint not null
);
create unique index incidents_number on incidents (number);
create index incidents_declared_at on incidents (declared_at, id);
create index incidents_open on incidents (open, matter_code);
create index incidents_alarm on incidents (next_alarm_at);
create table incident_tickets (
  incident_id uuid not null references incidents (id),
  ticket_id uuid not null references tickets (id),
  linked_at timestamptz not null,
  linked_by uuid,
  outcome text,
  done_at timestamptz,
  primary key (incident_id, ticket_id)
);
create index incident_tickets_incident on incident_tickets (incident_id, outcome);
create table incident_contacts (
  incident_id uuid not null references incidents (id),
  call_id uuid not null references contact_records (id),
  linked_at timestamptz not null,
  linked_by uuid,
  primary key (incident_id, call_id)
);
