create table outbound_calls (
  id uuid primary key,
  day text not null,
  agent_id uuid not null,
  number text not null,
  number_hash text not null,
  requester_id uuid,
  purpose text not null,
  note text,
  queue text,
  caller_id text not null,
  ticket_id uuid,
  item_id uuid,
  callback_id uuid,
  permit_id uuid,
  state text not null,
  problem text,
  call_id uuid,
  outcome text,
  placed_at timestamptz not null,
  answered_at timestamptz,
  ended_at timestamptz
);
create index outbound_calls_day on outbound_calls (day, agent_id);
create index outbound_calls_number on outbound_calls (number_hash, day);
create index outbound_calls_placed_at on outbound_calls (placed_at, id);
create unique index outbound_calls_call on outbound_calls (call_id);
create index outbound_calls_callback on outbound_calls (callback_id, placed_at);
create index outbound_calls_item on outbound_calls (item_id, placed_at);
create table outbound_refusals (
  id uuid primary key,
  at timestamptz not null,
  day text not null,
  agent_id uuid not null,
  code text not null,
  purpose text not null,
  number text not null,
  number_hash text
);
create index outbound_refusals_at on outbound_refusals (at, id);
create index outbound_refusals_day on outbound_refusals (day, code, agent_id);
create table do_not_call (
  id uuid primary key,
  number text not null,
  number_hash text not null,
  requester_id uuid,
  reason text not null,
  entered_by uuid not null,
  entered_at timestamptz not null,
  until_at timestamptz,
  state text not null,
  lifted_by uuid,
  lifted_at timestamptz,
  lifted_for text,
  updated_at timestamptz not null,
  version bigint not null
);
create index do_not_call_hash on do_not_call (number_hash, state);
create index do_not_call_entered_at on do_not_call (entered_at, id);
create table do_not_call_permits (
  id uuid primary key,
  entry_id uuid not null,
  agent_id uuid not null,
  ticket_id uuid not null,
  reason text not null,
  given_by uuid not null,
  given_at timestamptz not null,
  until_at timestamptz not null,
  used_at timestamptz,
  used_by uuid
);
create index do_not_call_permits_entry on do_not_call_permits (entry_id, given_at);
create table callbacks (
  id uuid primary key,
  number text not null,
  number_hash text,
  requester_id uuid,
  queue text,
  state text not null,
  open boolean not null,
  owner_id uuid,
  assigned_at timestamptz,
  missed integer not null,
  first_missed_at timestamptz not null,
  last_missed_at timestamptz not null,
  warn_at timestamptz not null,
  due_at timestamptz not null,
  warned boolean not null,
  breached boolean not null,
  attempts integer not null,
  first_attempt_at timestamptz,
  in_time boolean,
  closed_at timestamptz,
  closed_by uuid,
  closing_call uuid,
  note text,
  next_alarm_at timestamptz,
  updated_at timestamptz not null,
  version bigint not null
);
create unique index callbacks_open_number on callbacks (number_hash) where open;
create index callbacks_due_at on callbacks (due_at, id);
create index callbacks_first_missed_at on callbacks (first_missed_at, id);
create index callbacks_owner on callbacks (owner_id, open, due_at);
create index callbacks_next_alarm_at on callbacks (next_alarm_at);
create table callback_calls (
  work_id uuid primary key,
  callback_id uuid not null references callbacks (id),
  missed_at timestamptz not null,
  outcome text,
  wait_ms bigint
);
create index callback_calls_callback on callback_calls (callback_id, missed_at);
insert into rules (kind, subject, effective_from, recorded_at, recorded_by, source, body) values
  ('outbound_purpose', 'follow_up', '2026-01-01T00:00:00+00:00', '2026-11-26T00:00:00+00:00', null,
   '设计默认值，待采购人确认', '{"code":"follow_up","name":"回访","link":"item","note":false,"active":true}'),
  ('outbound_purpose', 'callback', '2026-01-01T00:00:00+00:00', '2026-11-26T00:00:00+00:00', null,
   '设计默认值，待采购人确认', '{"code":"callback","name":"漏接回拨","link":"callback","note":false,"active":true}'),
  ('outbound_purpose', 'case_work', '2026-01-01T00:00:00+00:00', '2026-11-26T00:00:00+00:00', null,
   '设计默认值，待采购人确认', '{"code":"case_work","name":"工单办理","link":"ticket","note":false,"active":true}'),
  ('outbound_purpose', 'other', '2026-01-01T00:00:00+00:00', '2026-11-26T00:00:00+00:00', null,
   '设计默认值，待采购人确认', '{"code":"other","name":"其他","link":"any","note":true,"active":true}'),
  ('outbound_number', '1', '2026-01-01T00:00:00+00:00', '2026-11-26T00:00:00+00:00', null,
   '设计默认值，待采购人确认', '{"prefix":"1","name":"手机","shortest":11,"longest":11,"allowed":true}'),
  ('outbound_number', '0', '2026-01-01T00:00:00+00:00', '2026-11-26T00:00:00+00:00', null,
   '设计默认值，待采购人确认', '{"prefix":"0","name":"带区号的固定电话","shortest":10,"longest":12,"allowed":true}'),
  ('outbound_number', '?', '2026-01-01T00:00:00+00:00', '2026-11-26T00:00:00+00:00', null,
   '设计默认值，待采购人确认', '{"prefix":"?","name":"本地固定电话","shortest":7,"longest":8,"allowed":true}'),
  ('outbound_number', '0??16', '2026-01-01T00:00:00+00:00', '2026-11-26T00:00:00+00:00', null,
   '设计默认值，待采购人确认', '{"prefix":"0??16","name":"声讯台（三位区号）","shortest":3,"longest":32,"allowed":false}'),
  ('outbound_number', '0???16', '2026-01-01T00:00:00+00:00', '2026-11-26T00:00:00+00:00', null,
   '设计默认值，待采购人确认', '{"prefix":"0???16","name":"声讯台（四位区号）","shortest":3,"longest":32,"allowed":false}');
