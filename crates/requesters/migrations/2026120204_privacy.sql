create table privacy_requests (
  id uuid primary key,
  number text not null,
  requester_id uuid not null references requesters (id),
  kind text not null,
  wish text not null,
  state text not null,
  open boolean not null,
  overdue boolean not null,
  due_at timestamptz,
  next_alarm_at timestamptz,
  proof text,
  outcome text,
  answer text,
  erasure_id uuid,
  taken_by uuid,
  taken_at timestamptz not null,
  answered_by uuid,
  answered_at timestamptz,
  updated_at timestamptz not null,
  version bigint not null
);
create index privacy_requests_open on privacy_requests (open, taken_at);
create index privacy_requests_alarm on privacy_requests (next_alarm_at);
create index privacy_requests_requester on privacy_requests (requester_id);
create table privacy_erasures (
  id uuid primary key,
  number text not null,
  requester_id uuid not null,
  request_id uuid not null references privacy_requests (id),
  erased jsonb not null,
  total bigint not null,
  digest text not null,
  erased_by uuid,
  erased_at timestamptz not null
);
create index privacy_erasures_at on privacy_erasures (erased_at, id);
insert into rules (kind, subject, effective_from, recorded_at, recorded_by, source, body) values
  ('privacy_term', 'answer', '2022-09-01T00:00:00+00:00', '2026-12-02T00:00:00+00:00', null,
   '《个人信息保护法》第五十条“及时受理和处理”；天数为设计默认值，待采购人确认', '{"code":"answer","days":15}'),
  ('personal_information', 'requester_identity', '2022-09-01T00:00:00+00:00', '2026-12-02T00:00:00+00:00', null, '设计默认值，待采购人确认',
   '{"code":"requester_identity","what":"诉求人的称呼、号码、账号","columns":["requesters.name","requesters.phone","requesters.phone_hash","requesters.nickname","requester_identities.external_id","requester_identities.nickname","requester_identities.mail_hash","requester_claims.sealed","requester_claims.masked","requester_proofs.number_sealed","visitors.external_id"],"purpose":"识别来电来信人，回复和回访","basis":"履行法定职责；向诉求人告知","keep_days":1095,"seen_by":["agent","shift_lead","ops_manager","quality","purchaser_admin","purchaser_business"],"sensitive":false}'),
  ('personal_information', 'calls', '2022-09-01T00:00:00+00:00', '2026-12-02T00:00:00+00:00', null, '设计默认值，待采购人确认',
   '{"code":"calls","what":"通话号码、录音、外呼和回访名单","columns":["calls.caller","calls.caller_hash","calls.recording_path","callbacks.number","do_not_call.number","outbound_calls.number","outbound_refusals.number","follow_up_items.number","follow_up_items.name"],"purpose":"接听、回拨、回访，服务质量和争议处理","basis":"履行法定职责；来电语音告知录音","keep_days":1095,"seen_by":["agent","shift_lead","ops_manager","quality","purchaser_admin"],"sensitive":false}'),
  ('personal_information', 'conversations', '2022-09-01T00:00:00+00:00', '2026-12-02T00:00:00+00:00', null, '设计默认值，待采购人确认',
   '{"code":"conversations","what":"在线会话的内容、账号、昵称和附件","columns":["conversations.external_user","conversations.external_group","conversations.nickname","conversations.last_text","conversation_messages.external_id","conversation_messages.text","conversation_files.name","set_aside_messages.external_id","set_aside_messages.body"],"purpose":"答复在线咨询","basis":"履行法定职责；网页告知同意","keep_days":1095,"seen_by":["agent","shift_lead","ops_manager","quality","purchaser_admin"],"sensitive":false}'),
  ('personal_information', 'tickets', '2022-09-01T00:00:00+00:00', '2026-12-02T00:00:00+00:00', null, '设计默认值，待采购人确认',
   '{"code":"tickets","what":"工单、来电记录的诉求内容和附件","columns":["tickets.summary","tickets.incident_address","ticket_notes.body","ticket_files.name","contact_records.summary","work_orders.caller_sex","work_orders.raw","work_orders.received","carried_history.content"],"purpose":"办理诉求","basis":"履行法定职责","keep_days":1825,"seen_by":["agent","shift_lead","ops_manager","quality","purchaser_admin","purchaser_business"],"sensitive":false}'),
  ('personal_information', 'staff', '2022-09-01T00:00:00+00:00', '2026-12-02T00:00:00+00:00', null, '设计默认值，待采购人确认',
   '{"code":"staff","what":"人员档案：身份证号、生日、电话、证明材料","columns":["staff.name","staff.born_on","staff.id_number_sealed","staff.id_number_hash","staff.phone_sealed","staff_files.name","certificates.person_name"],"purpose":"证明上岗资格","basis":"履行合同；本人同意","keep_days":1095,"seen_by":["ops_manager","hr_compliance","purchaser_admin"],"sensitive":true}'),
  ('personal_information', 'accounts', '2022-09-01T00:00:00+00:00', '2026-12-02T00:00:00+00:00', null, '设计默认值，待采购人确认',
   '{"code":"accounts","what":"工作人员的账号、登录地址和终端","columns":["users.username","users.name","devices.username","sessions.remote_addr","sessions.user_agent","notice_addresses.email","notice_addresses.mobile","notice_choices.email"],"purpose":"登录、通知和安全","basis":"履行合同","keep_days":1095,"seen_by":["sys_admin","sec_admin","audit_admin"],"sensitive":false}'),
  ('personal_information', 'contacts', '2022-09-01T00:00:00+00:00', '2026-12-02T00:00:00+00:00', null, '设计默认值，待采购人确认',
   '{"code":"contacts","what":"双方联络人、管理团队和应急人员的姓名电话","columns":["liaison_persons.phone","continuity_standbys.phone","team_members.name"],"purpose":"联络和应急","basis":"履行合同","keep_days":1095,"seen_by":["ops_manager","liaison","counterpart","purchaser_admin"],"sensitive":false}'),
  ('personal_information', 'traces', '2022-09-01T00:00:00+00:00', '2026-12-02T00:00:00+00:00', null, '设计默认值，待采购人确认',
   '{"code":"traces","what":"留痕和经过中的操作人","columns":["audit_entries.who_name","approval_lines.who_name","case_lines.who_name","liaison_lines.who_name","personnel_lines.who_name","ticket_history.who_name","ticket_notes.by_name","call_imports.by_name","exam_results.by_name","requester_links.by_name","work_order_imports.by_name","carry_imports.by_name","exports.mark"],"purpose":"追溯和审计","basis":"网络安全法、等级保护","keep_days":1095,"seen_by":["audit_admin","purchaser_admin"],"sensitive":false}'),
  ('personal_information', 'leaks', '2022-09-01T00:00:00+00:00', '2026-12-02T00:00:00+00:00', null, '设计默认值，待采购人确认',
   '{"code":"leaks","what":"泄密事件和证据包","columns":["leak_cases.what","leak_packages.path","privacy_requests.wish","privacy_requests.answer"],"purpose":"处置泄密、答复权利请求","basis":"个人信息保护法第五十条、第五十七条","keep_days":3650,"seen_by":["purchaser_admin","sec_admin","audit_admin"],"sensitive":false}');
