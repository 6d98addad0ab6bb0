create table matters (
  code text primary key,
  parent_code text references matters (code),
  name text not null,
  shortcut text not null,
  position integer not null,
  active boolean not null default false
);
insert into matters (code, parent_code, name, shortcut, position, active) values
  ('1', null, '人事考试', 'rsks', 1, true),
  ('101', '1', '报名条件', 'bmtj', 1, true),
  ('102', '1', '注册与账号', 'zcyzh', 2, true),
  ('103', '1', '照片', 'zp', 3, true),
  ('104', '1', '填报与告知承诺', 'tbygzcn', 4, true),
  ('105', '1', '资格核验/人工核查', 'zghy', 5, true),
  ('106', '1', '缴费与退费', 'jfytf', 6, true),
  ('107', '1', '准考证', 'zkz', 7, true),
  ('108', '1', '考场规则/应急', 'kcgz', 8, true),
  ('109', '1', '成绩查询与复核', 'cjcx', 9, true),
  ('110', '1', '证书领取/电子证书/补办', 'zslq', 10, true),
  ('111', '1', '免考与成绩滚动', 'mkycjgd', 11, true),
  ('112', '1', '违纪违规', 'wjwg', 12, true),
  ('113', '1', '公务员/事业单位招考咨询', 'gwy', 13, true),
  ('114', '1', '系统故障', 'xtgz', 14, true),
  ('2', null, '职称', 'zc', 2, true),
  ('201', '2', '评审/认定/考核认定', 'psrd', 1, true),
  ('202', '2', '系列与层级（初/中/副高/正高）', 'xlycj', 2, true),
  ('203', '2', '申报条件（学历资历业绩）', 'sbtj', 3, true),
  ('204', '2', '申报渠道与受理点', 'sbqd', 4, true),
  ('205', '2', '系统操作', 'xtcz', 5, true),
  ('206', '2', '材料与证明', 'clyzm', 6, true),
  ('207', '2', '继续教育', 'jxjy', 7, true),
  ('208', '2', '破格/绿色通道/外省职称确认', 'pg', 8, true),
  ('209', '2', '单位推荐与公示', 'dwtj', 9, true),
  ('210', '2', '评审进度/结果公示/投诉', 'psjd', 10, true),
  ('211', '2', '证书/电子证/查验', 'zs', 11, true),
  ('212', '2', '收费', 'sf', 12, true),
  ('213', '2', '系统故障', 'xtgz', 13, true),
  ('9', null, '共性', 'gx', 3, true),
  ('901', '9', '投诉建议', 'tsjy', 1, true),
  ('902', '9', '表扬', 'by', 2, true),
  ('903', '9', '政策信息公开', 'zcxxgk', 3, true),
  ('904', '9', '12345 转办', '12345', 4, true),
  ('905', '9', '其他', 'qt', 5, true);
create table ticket_counters (
  day text primary key,
  last bigint not null
);
create table tickets (
  id uuid primary key,
  number text not null,
  state text not null,
  request_type text,
  matter_code text references matters (code),
  summary text not null,
  resolution text,
  requester_id uuid not null references requesters (id),
  first_owner_id uuid not null,
  current_owner_id uuid not null,
  source_call_id uuid,
  opened_at timestamptz not null,
  closed_at timestamptz,
  updated_at timestamptz not null,
  version bigint not null
);
create unique index tickets_number on tickets (number);
create unique index tickets_source_call on tickets (source_call_id);
create index tickets_opened_at on tickets (opened_at, id);
create index tickets_state on tickets (state, opened_at, id);
create index tickets_requester on tickets (requester_id, state, opened_at);
create index tickets_current_owner on tickets (current_owner_id, state, opened_at);
create index tickets_first_owner on tickets (first_owner_id, opened_at);
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
  after_value text
);
create index ticket_history_ticket on ticket_history (ticket_id, at, id);
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
