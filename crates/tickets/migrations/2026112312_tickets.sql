create table matters (
  code text primary key,
  parent_code text references matters (code),
  name text not null,
  shortcut text not null,
  position integer not null,
  active boolean not null default false,
  section text,
  version bigint not null default 1
);
create index matters_parent on matters (parent_code, position);
insert into matters (code, parent_code, name, shortcut, position, active, section) values
  ('1', null, '人事考试', 'rsks', 1, true, 'exams'),
  ('101', '1', '报名条件', 'bmtj', 1, true, 'exams'),
  ('102', '1', '注册与账号', 'zcyzh', 2, true, 'exams'),
  ('103', '1', '照片', 'zp', 3, true, 'exams'),
  ('104', '1', '填报与告知承诺', 'tbygzcn', 4, true, 'exams'),
  ('105', '1', '资格核验/人工核查', 'zghy', 5, true, 'exams'),
  ('106', '1', '缴费与退费', 'jfytf', 6, true, 'exams'),
  ('107', '1', '准考证', 'zkz', 7, true, 'exams'),
  ('108', '1', '考场规则/应急', 'kcgz', 8, true, 'exams'),
  ('109', '1', '成绩查询与复核', 'cjcx', 9, true, 'exams'),
  ('110', '1', '证书领取/电子证书/补办', 'zslq', 10, true, 'exams'),
  ('111', '1', '免考与成绩滚动', 'mkycjgd', 11, true, 'exams'),
  ('112', '1', '违纪违规', 'wjwg', 12, true, 'exams'),
  ('113', '1', '公务员/事业单位招考咨询', 'gwy', 13, true, 'exams'),
  ('114', '1', '系统故障', 'xtgz', 14, true, 'exams'),
  ('2', null, '职称', 'zc', 2, true, 'titles'),
  ('201', '2', '评审/认定/考核认定', 'psrd', 1, true, 'titles'),
  ('202', '2', '系列与层级（初/中/副高/正高）', 'xlycj', 2, true, 'titles'),
  ('203', '2', '申报条件（学历资历业绩）', 'sbtj', 3, true, 'titles'),
  ('204', '2', '申报渠道与受理点', 'sbqd', 4, true, 'titles'),
  ('205', '2', '系统操作', 'xtcz', 5, true, 'titles'),
  ('206', '2', '材料与证明', 'clyzm', 6, true, 'titles'),
  ('207', '2', '继续教育', 'jxjy', 7, true, 'titles'),
  ('208', '2', '破格/绿色通道/外省职称确认', 'pg', 8, true, 'titles'),
  ('209', '2', '单位推荐与公示', 'dwtj', 9, true, 'titles'),
  ('210', '2', '评审进度/结果公示/投诉', 'psjd', 10, true, 'titles'),
  ('211', '2', '证书/电子证/查验', 'zs', 11, true, 'titles'),
  ('212', '2', '收费', 'sf', 12, true, 'titles'),
  ('213', '2', '系统故障', 'xtgz', 13, true, 'titles'),
  ('9', null, '共性', 'gx', 3, true, null),
  ('901', '9', '投诉建议', 'tsjy', 1, true, null),
  ('902', '9', '表扬', 'by', 2, true, null),
  ('903', '9', '政策信息公开', 'zcxxgk', 3, true, null),
  ('904', '9', '12345 转办', '12345', 4, true, null),
  ('905', '9', '其他', 'qt', 5, true, null);
create table sections (
  code text primary key,
  name text not null
);
insert into sections (code, name) values ('exams', '考试科'), ('titles', '职称科');
create table section_members (
  id uuid primary key,
  section text not null references sections (code),
  user_id uuid not null,
  deputy boolean not null,
  from_day text not null,
  to_day text
);
create index section_members_section on section_members (section, from_day);
create table ticket_counters (
  day text primary key,
  last bigint not null
);
create table ticket_limits (
  platform text not null,
  request_type text not null,
  priority text not null,
  handle_unit text not null,
  handle_n integer not null,
  sign_unit text not null,
  sign_n integer not null,
  returns integer not null,
  extensions integer not null,
  reopenings integer not null,
  attempts integer not null,
  transfer_minutes integer not null,
  sign_off boolean not null,
  revisit boolean not null,
  active boolean not null,
  effective_from timestamptz not null,
  recorded_at timestamptz not null,
  recorded_by uuid,
  source text not null,
  primary key (platform, request_type, priority, effective_from, recorded_at)
);
insert into ticket_limits (platform, request_type, priority, handle_unit, handle_n, sign_unit, sign_n, returns,
  extensions, reopenings, attempts, transfer_minutes, sign_off, revisit, active, effective_from, recorded_at, source)
values
  ('', '', '', 'working_days', 10, 'working_days', 1, 1, 1, 1, 3, 10, false, false, true,
   '2022-09-01T00:00:00+00:00', '2026-11-23T00:00:00+00:00', '广东省12345政务服务便民热线管理办法（2022-09-01 起施行），默认值，待采购人确认'),
  ('', 'consult', '', 'working_days', 2, 'working_days', 1, 1, 1, 1, 3, 10, false, false, true,
   '2022-09-01T00:00:00+00:00', '2026-11-23T00:00:00+00:00', '广东省12345政务服务便民热线管理办法（2022-09-01 起施行），默认值，待采购人确认'),
  ('', 'complaint', '', 'working_days', 15, 'working_days', 1, 1, 1, 1, 3, 10, true, true, true,
   '2022-09-01T00:00:00+00:00', '2026-11-23T00:00:00+00:00', '广东省12345政务服务便民热线管理办法（2022-09-01 起施行），默认值，待采购人确认'),
  ('', 'report', '', 'working_days', 15, 'working_days', 1, 1, 1, 1, 3, 10, true, true, true,
   '2022-09-01T00:00:00+00:00', '2026-11-23T00:00:00+00:00', '广东省12345政务服务便民热线管理办法（2022-09-01 起施行），默认值，待采购人确认'),
  ('', '', 'critical', 'service_minutes', 240, 'service_minutes', 60, 1, 1, 1, 3, 10, false, false, true,
   '2022-09-01T00:00:00+00:00', '2026-11-23T00:00:00+00:00', '设计默认值，待采购人确认'),
  ('', 'complaint', 'critical', 'service_minutes', 240, 'service_minutes', 60, 1, 1, 1, 3, 10, true, true, true,
   '2022-09-01T00:00:00+00:00', '2026-11-23T00:00:00+00:00', '设计默认值，待采购人确认'),
  ('', 'report', 'critical', 'service_minutes', 240, 'service_minutes', 60, 1, 1, 1, 3, 10, true, true, true,
   '2022-09-01T00:00:00+00:00', '2026-11-23T00:00:00+00:00', '设计默认值，待采购人确认'),
  ('', 'consult', 'critical', 'service_minutes', 240, 'service_minutes', 60, 1, 1, 1, 3, 10, false, false, true,
   '2022-09-01T00:00:00+00:00', '2026-11-23T00:00:00+00:00', '设计默认值，待采购人确认');
create table tickets (
  id uuid primary key,
  number text not null,
  seq bigint not null,
  platform text not null,
  state text not null,
  open boolean not null,
  request_type text,
  matter_code text references matters (code),
  section text,
  priority text not null,
  title text not null,
  summary text not null,
  form jsonb not null,
  resolution text,
  satisfaction text,
  requester_id uuid not null references requesters (id),
  confidential boolean not null,
  complained_agent_id uuid,
  first_owner_id uuid,
  current_owner_id uuid not null,
  transfer_to uuid,
  life jsonb not null,
  rules jsonb not null,
  source_call_id uuid,
  incident_id uuid,
  opened_at timestamptz not null,
  due_at timestamptz not null,
  runs_until timestamptz,
  answered_at timestamptz,
  reopenings integer not null,
  next_alarm_at timestamptz,
  next_alarm text,
  ended_at timestamptz,
  updated_at timestamptz not null,
  version bigint not null
);
create unique index tickets_number on tickets (number);
create unique index tickets_seq on tickets (seq);
create unique index tickets_source_call on tickets (source_call_id);
create index tickets_opened_at on tickets (opened_at, id);
create index tickets_updated_at on tickets (updated_at, id);
create index tickets_priority on tickets (priority, opened_at, id);
create index tickets_due_at on tickets (open, due_at, id);
create index tickets_runs_until on tickets (runs_until, id) where runs_until is not null;
create index tickets_running on tickets (opened_at, id) where runs_until is not null;
create index tickets_state on tickets (state, opened_at, id);
create index tickets_request_type on tickets (request_type, opened_at, id);
create index tickets_matter on tickets (matter_code, opened_at, id);
create index tickets_platform on tickets (platform, opened_at, id);
create index tickets_section on tickets (section, state, opened_at);
create index tickets_section_open on tickets (section, open, opened_at, id);
create index tickets_requester on tickets (requester_id, open, opened_at);
create index tickets_current_owner on tickets (current_owner_id, open, due_at, id);
create index tickets_owner_opened_at on tickets (current_owner_id, opened_at, id);
create index tickets_first_owner on tickets (first_owner_id, opened_at, id);
create index tickets_transfer_to on tickets (transfer_to);
create index tickets_in_transfer on tickets (opened_at, id) where transfer_to is not null;
create index tickets_incident on tickets (incident_id, opened_at);
create index tickets_alarm on tickets (next_alarm_at);
create table ticket_history (
  id uuid primary key,
  ticket_id uuid not null references tickets (id),
  version bigint not null,
  at timestamptz not null,
  who_id uuid,
  who_name text not null,
  action text not null,
  field text,
  before_value text,
  after_value text,
  note text
);
create index ticket_history_ticket on ticket_history (ticket_id, at, id);
create table ticket_clock_changes (
  id uuid primary key,
  ticket_id uuid not null references tickets (id),
  version bigint not null,
  at timestamptz not null,
  who_id uuid,
  change jsonb not null,
  due_before timestamptz,
  due_after timestamptz not null
);
create index ticket_clock_changes_ticket on ticket_clock_changes (ticket_id, version, id);
create table ticket_notes (
  id uuid primary key,
  ticket_id uuid not null references tickets (id),
  kind text not null,
  body text not null,
  at timestamptz not null,
  by_id uuid,
  by_name text not null
);
create index ticket_notes_ticket on ticket_notes (ticket_id, at, id);
create table ticket_files (
  id uuid primary key,
  ticket_id uuid not null references tickets (id),
  name text not null,
  media_type text not null,
  bytes bigint not null,
  sha256 text not null,
  path text not null,
  at timestamptz not null,
  by_id uuid
);
create index ticket_files_ticket on ticket_files (ticket_id, at, id);
create table ticket_links (
  ticket_id uuid not null references tickets (id),
  kind text not null,
  other_id uuid not null references tickets (id),
  at timestamptz not null,
  by_id uuid,
  primary key (ticket_id, kind, other_id)
);
create index ticket_links_other on ticket_links (other_id);
create table ticket_watchers (
  ticket_id uuid not null references tickets (id),
  user_id uuid not null,
  at timestamptz not null,
  primary key (ticket_id, user_id)
);
create table contact_records (
  id uuid primary key,
  medium text not null,
  direction text not null,
  queue text,
  requester_id uuid not null references requesters (id),
  agent_id uuid,
  started_at timestamptz not null,
  answered_at timestamptz,
  ended_at timestamptz,
  outcome text,
  wrap_up_began_at timestamptz,
  wrap_up_ms bigint,
  state text not null,
  request_type text,
  matter_code text references matters (code),
  result text,
  summary text not null,
  ticket_id uuid references tickets (id),
  owed_since timestamptz,
  late boolean not null default false,
  completed_at timestamptz,
  completed_by uuid,
  version bigint not null
);
create index contact_records_started_at on contact_records (started_at, id);
create index contact_records_state on contact_records (state, started_at, id);
create index contact_records_agent on contact_records (agent_id, started_at, id);
create index contact_records_requester on contact_records (requester_id, started_at, id);
create index contact_records_ticket on contact_records (ticket_id, started_at);
