create table special_tasks (
  id uuid primary key,
  number text not null,
  title text not null,
  request text not null,
  wanted_on text not null,
  plan text,
  planned_minutes bigint,
  worked_minutes bigint not null,
  deliverable text,
  delivered_at timestamptz,
  rating integer,
  opinion text,
  requested_by uuid,
  requested_at timestamptz not null,
  planned_by uuid,
  delivered_by uuid,
  accepted_by uuid,
  accepted_at timestamptz,
  state text not null,
  open boolean not null,
  updated_at timestamptz not null,
  version bigint not null
);
create index special_tasks_requested on special_tasks (requested_at, id);
create table special_task_hours (
  id uuid primary key,
  task_id uuid not null references special_tasks (id),
  user_id uuid not null,
  on_day text not null,
  minutes bigint not null,
  note text not null,
  at timestamptz not null
);
create index special_task_hours_task on special_task_hours (task_id, at);
create table supplies (
  id uuid primary key,
  code text not null,
  name text not null,
  unit text not null,
  kind text not null,
  stock bigint not null check (stock >= 0),
  low_at bigint not null,
  state text not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null
);
create unique index supplies_code on supplies (code);
create table supply_moves (
  id uuid primary key,
  supply_id uuid not null references supplies (id),
  kind text not null,
  quantity bigint not null,
  stock_after bigint not null,
  user_id uuid,
  seat text,
  note text,
  by_id uuid,
  at timestamptz not null,
  signed_at timestamptz
);
create index supply_moves_supply on supply_moves (supply_id, at);
create index supply_moves_user on supply_moves (user_id, signed_at);
create table daily_checks (
  id uuid primary key,
  on_day text not null,
  point text not null,
  items jsonb not null,
  defects integer not null,
  note text,
  by_id uuid,
  at timestamptz not null,
  fixed_by uuid,
  fixed_at timestamptz,
  fix_note text,
  state text not null,
  updated_at timestamptz not null,
  version bigint not null
);
create unique index daily_checks_point on daily_checks (on_day, point);
create index daily_checks_state on daily_checks (state, on_day);
create table past_contracts (
  id uuid primary key,
  title text not null,
  client text not null,
  government boolean not null,
  from_day text not null,
  until_day text not null,
  scale text not null,
  recorded_by uuid,
  recorded_at timestamptz not null,
  verified_by uuid,
  verified_at timestamptz,
  note text,
  state text not null,
  updated_at timestamptz not null,
  version bigint not null
);
create index past_contracts_from on past_contracts (from_day, id);
insert into rules (kind, subject, effective_from, recorded_at, recorded_by, source, body) values
  ('experience_term', 'government_hotline', '2022-09-01T00:00:00+00:00', '2026-11-29T00:00:00+00:00', null,
   '采购需求书 A-50', '{"code":"government_hotline","months":36}'),
  ('check_point', 'Z1', '2022-09-01T00:00:00+00:00', '2026-11-29T00:00:00+00:00', null, '设计默认值，待双方确认',
   '{"code":"Z1","scope":"seat","name":"座席 1","items":["话机耳麦","电脑网络","桌面整洁"],"photo":false,"active":true}'),
  ('check_point', 'Z2', '2022-09-01T00:00:00+00:00', '2026-11-29T00:00:00+00:00', null, '设计默认值，待双方确认',
   '{"code":"Z2","scope":"seat","name":"座席 2","items":["话机耳麦","电脑网络","桌面整洁"],"photo":false,"active":true}'),
  ('check_point', 'Z3', '2022-09-01T00:00:00+00:00', '2026-11-29T00:00:00+00:00', null, '设计默认值，待双方确认',
   '{"code":"Z3","scope":"seat","name":"座席 3","items":["话机耳麦","电脑网络","桌面整洁"],"photo":false,"active":true}'),
  ('check_point', 'Z4', '2022-09-01T00:00:00+00:00', '2026-11-29T00:00:00+00:00', null, '设计默认值，待双方确认',
   '{"code":"Z4","scope":"seat","name":"座席 4","items":["话机耳麦","电脑网络","桌面整洁"],"photo":false,"active":true}'),
  ('check_point', 'Z5', '2022-09-01T00:00:00+00:00', '2026-11-29T00:00:00+00:00', null, '设计默认值，待双方确认',
   '{"code":"Z5","scope":"seat","name":"座席 5","items":["话机耳麦","电脑网络","桌面整洁"],"photo":false,"active":true}'),
  ('check_point', 'Z6', '2022-09-01T00:00:00+00:00', '2026-11-29T00:00:00+00:00', null, '设计默认值，待双方确认',
   '{"code":"Z6","scope":"seat","name":"座席 6","items":["话机耳麦","电脑网络","桌面整洁"],"photo":false,"active":true}'),
  ('check_point', 'hall', '2022-09-01T00:00:00+00:00', '2026-11-29T00:00:00+00:00', null, '设计默认值，待双方确认',
   '{"code":"hall","scope":"area","name":"话务大厅","items":["用电安全","消防通道","环境卫生"],"photo":true,"active":true}');
