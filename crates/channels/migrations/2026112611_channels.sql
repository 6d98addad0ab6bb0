create table channels (
  code text primary key,
  name text not null,
  kind text not null,
  queue text,
  enabled boolean not null,
  settings jsonb not null,
  secrets text,
  secret_names jsonb not null,
  allow_private boolean not null,
  cursor text,
  version bigint not null
);
insert into channels (code, name, kind, queue, enabled, settings, secrets, secret_names, allow_private, cursor, version)
values
  ('web', '官网', 'web', 'hotline', true, '{}', null, '[]', false, null, 1),
  ('walk_in', '来访', 'manual', null, true, '{}', null, '[]', false, null, 1),
  ('letter', '来信', 'manual', null, true, '{}', null, '[]', false, null, 1);
create table conversations (
  id uuid primary key,
  number text not null,
  channel text not null references channels (code),
  identity_id uuid not null,
  external_user text not null,
  external_group text,
  requester_id uuid not null,
  nickname text,
  queue text,
  state text not null,
  open boolean not null,
  agent_id uuid,
  first_agent_id uuid,
  preferred_agent_id uuid,
  work_id uuid,
  offered_to uuid,
  offered_until timestamptz,
  subject text,
  last_text text not null,
  last_at timestamptz not null,
  last_seq bigint not null,
  inbound bigint not null,
  agent_read_seq bigint not null,
  requester_read_seq bigint not null,
  unread bigint not null,
  opened_at timestamptz not null,
  waiting_since timestamptz not null,
  accepted_at timestamptz,
  first_response_at timestamptz,
  ended_at timestamptz,
  end_reason text,
  unanswered_since timestamptz,
  window_trigger text,
  window_ends_at timestamptz,
  window_left integer,
  window_ref text,
  window_seq integer not null,
  wrap_up_ends_at timestamptz,
  satisfaction text,
  satisfaction_words text,
  rated_at timestamptz,
  ticket_id uuid,
  next_alarm_at timestamptz,
  updated_at timestamptz not null,
  version bigint not null
);
create unique index conversations_number on conversations (number);
create unique index conversations_open on conversations (identity_id) where open;
create index conversations_identity on conversations (identity_id, opened_at);
create index conversations_requester on conversations (requester_id, opened_at);
create index conversations_opened on conversations (opened_at, id);
create index conversations_agent on conversations (agent_id, opened_at, id);
create index conversations_live on conversations (state, opened_at, id) where open;
create index conversations_alarm on conversations (next_alarm_at) where next_alarm_at is not null;
create table conversation_messages (
  conversation_id uuid not null references conversations (id),
  seq bigint not null,
  id uuid not null,
  channel text not null,
  direction text not null,
  kind text not null,
  text text not null,
  external_id text,
  client_id text,
  author_id uuid,
  article text,
  media_ref text,
  media_name text,
  file_id uuid,
  at timestamptz not null,
  platform_at timestamptz,
  delivery text,
  delivery_error text,
  attempts integer not null,
  due_at timestamptz,
  reply_ref text,
  reply_seq integer not null,
  primary key (conversation_id, seq)
);
create unique index conversation_messages_id on conversation_messages (id);
create unique index conversation_messages_external on conversation_messages (channel, external_id)
  where external_id is not null;
create unique index conversation_messages_client on conversation_messages (conversation_id, client_id)
  where client_id is not null;
create index conversation_messages_due on conversation_messages (due_at) where due_at is not null;
create table conversation_files (
  id uuid primary key,
  conversation_id uuid not null references conversations (id),
  name text not null,
  media_type text not null,
  bytes bigint not null,
  sha256 text not null,
  path text not null,
  at timestamptz not null
);
create index conversation_files_conversation on conversation_files (conversation_id);
create table visitors (
  token_hash text primary key,
  identity_id uuid not null,
  external_id text not null,
  channel text not null,
  notice_version text not null,
  consented_at timestamptz not null,
  last_seen_at timestamptz not null
);
create table set_aside_messages (
  id uuid primary key,
  channel text not null,
  external_id text,
  at timestamptz not null,
  reason text not null,
  body text not null,
  done_at timestamptz,
  done_by uuid
);
create index set_aside_messages_at on set_aside_messages (at, id);
insert into rules (kind, subject, effective_from, recorded_at, recorded_by, source, body) values
  ('reply_window', 'wechat_oa/message', '2022-09-01T00:00:00+00:00', '2026-11-26T00:00:00+00:00', null, '微信公众平台文档，客服消息，默认值，待确认',
   '{"kind":"wechat_oa","trigger":"message","minutes":2880,"replies":5}'),
  ('reply_window', 'wechat_oa/menu', '2022-09-01T00:00:00+00:00', '2026-11-26T00:00:00+00:00', null, '微信公众平台文档，客服消息，默认值，待确认',
   '{"kind":"wechat_oa","trigger":"menu","minutes":1,"replies":3}'),
  ('reply_window', 'wechat_oa/follow', '2022-09-01T00:00:00+00:00', '2026-11-26T00:00:00+00:00', null, '微信公众平台文档，客服消息，默认值，待确认',
   '{"kind":"wechat_oa","trigger":"follow","minutes":1,"replies":3}'),
  ('reply_window', 'wechat_oa/scan', '2022-09-01T00:00:00+00:00', '2026-11-26T00:00:00+00:00', null, '微信公众平台文档，客服消息，默认值，待确认',
   '{"kind":"wechat_oa","trigger":"scan","minutes":1,"replies":3}'),
  ('reply_window', 'wechat_kf/message', '2022-09-01T00:00:00+00:00', '2026-11-26T00:00:00+00:00', null, '微信客服文档，发送消息，默认值，待确认',
   '{"kind":"wechat_kf","trigger":"message","minutes":2880,"replies":5}'),
  ('reply_window', 'qq_bot/message', '2022-09-01T00:00:00+00:00', '2026-11-26T00:00:00+00:00', null, 'QQ 机器人文档，被动消息，默认值，待确认',
   '{"kind":"qq_bot","trigger":"message","minutes":60,"replies":5}'),
  ('reply_window', 'qq_bot/group_message', '2022-09-01T00:00:00+00:00', '2026-11-26T00:00:00+00:00', null, 'QQ 机器人文档，被动消息，默认值，待确认',
   '{"kind":"qq_bot","trigger":"group_message","minutes":5,"replies":5}');
