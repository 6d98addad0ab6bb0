create table platforms (
  code text primary key,
  name text not null,
  layout jsonb not null,
  words jsonb not null,
  active boolean not null,
  updated_at timestamptz not null,
  updated_by uuid,
  version bigint not null
);
insert into platforms (code, name, layout, words, active, updated_at, version) values
  ('12345', '12345 政务服务便民热线',
   '{"columns":[{"column":"工单编号","field":"order_no"},{"column":"受理渠道","field":"channel"},{"column":"诉求类型","field":"request_type"},{"column":"诉求分类","field":"matter"},{"column":"标题","field":"title"},{"column":"诉求内容","field":"content"},{"column":"诉求人","field":"caller_name"},{"column":"性别","field":"caller_sex"},{"column":"联系电话","field":"caller_phone"},{"column":"证件号码","field":"id_no"},{"column":"事发地址","field":"incident_address"},{"column":"事发时间","field":"incident_time"},{"column":"是否保密","field":"confidential"},{"column":"是否公开","field":"public"},{"column":"是否回复","field":"need_reply"},{"column":"紧急程度","field":"urgency"},{"column":"受理时间","field":"accepted_at"},{"column":"受理员","field":"accepted_by"},{"column":"转办时间","field":"dispatched_at"},{"column":"转办人","field":"dispatcher"},{"column":"转办意见","field":"dispatch_opinion"},{"column":"承办单位","field":"handling_unit"},{"column":"协办单位","field":"co_units"},{"column":"办理时限","field":"due_at"},{"column":"工单状态","field":"status"},{"column":"办理情况","field":"handle_result"},{"column":"答复内容","field":"reply_text"},{"column":"答复时间","field":"replied_at"},{"column":"办结时间","field":"closed_at"},{"column":"满意度","field":"satisfaction"},{"column":"回访情况","field":"revisit_note"},{"column":"退单理由","field":"return_reason"},{"column":"延期理由","field":"extend_reason"},{"column":"延期后时限","field":"extended_due_at"},{"column":"关联工单","field":"related_orders"},{"column":"附件","field":"attachments"}]}',
   '{"request_type":{"咨询":"consult","求助":"help","投诉":"complaint","举报":"report","建议":"suggestion","意见建议":"suggestion","表扬":"praise","故障":"fault"},"urgency":{"一般":"normal","普通":"normal","紧急":"urgent","特急":"critical","加急":"urgent"},"state":{"待签收":"pending_sign","办理中":"in_handling","待审核":"pending_review","已答复":"replied","已办结":"closed","已退单":"returned"},"satisfaction":{"满意":"satisfied","基本满意":"fair","不满意":"dissatisfied","无法联系":"unreached"}}',
   true, '2026-11-25T00:00:00+00:00', 1);
create table work_order_imports (
  id uuid primary key,
  platform text not null references platforms (code),
  source text not null,
  file_name text not null,
  sha256 text not null,
  state text not null,
  rows bigint not null,
  made bigint not null,
  changed bigint not null,
  unchanged bigint not null,
  errors bigint not null,
  at timestamptz not null,
  by_id uuid,
  by_name text not null
);
create index work_order_imports_at on work_order_imports (at, id);
create table work_orders (
  ticket_id uuid primary key references tickets (id),
  platform text not null references platforms (code),
  order_no text not null,
  channel text,
  matter_as_received text,
  caller_sex text,
  incident_address text,
  incident_time timestamptz,
  public boolean,
  need_reply boolean,
  accepted_at timestamptz,
  accepted_by text,
  dispatched_at timestamptz,
  dispatcher text,
  dispatch_opinion text,
  handling_unit text,
  co_units text,
  due_as_received timestamptz,
  status_as_received text,
  handle_result text,
  reply_as_received text,
  replied_at timestamptz,
  closed_at timestamptz,
  satisfaction_as_received text,
  revisit_note text,
  return_reason text,
  extend_reason text,
  extended_due_at timestamptz,
  related_orders text,
  attachments text,
  received jsonb not null,
  raw jsonb not null,
  imported_at timestamptz not null,
  import_id uuid not null references work_order_imports (id),
  revision bigint not null
);
create unique index work_orders_order_no on work_orders (platform, order_no);
create index work_orders_order on work_orders (order_no);
create table platform_links (
  platform text primary key references platforms (code),
  pulled_at timestamptz,
  cursor text,
  last_error text
);
create table platform_nonces (
  platform text not null,
  nonce text not null,
  at timestamptz not null,
  primary key (platform, nonce)
);
create index platform_nonces_at on platform_nonces (at);
create table platform_deliveries (
  id uuid primary key,
  platform text not null,
  ticket_id uuid not null references tickets (id),
  kind text not null,
  sent_at timestamptz not null
);
create index platform_deliveries_ticket on platform_deliveries (ticket_id, sent_at);
create table dispatch_rules (
  platform text not null,
  section text not null,
  matter text not null,
  name text not null,
  way text not null,
  agents jsonb not null,
  active boolean not null,
  effective_from timestamptz not null,
  recorded_at timestamptz not null,
  recorded_by uuid,
  source text not null,
  primary key (platform, section, matter, effective_from, recorded_at)
);
create table dispatch_turns (
  rule text not null,
  agent_id uuid not null,
  turn bigint not null,
  primary key (rule, agent_id)
);
