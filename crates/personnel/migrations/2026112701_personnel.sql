create table staff (
  id uuid primary key,
  user_id uuid,
  name text not null,
  born_on text,
  id_number_sealed text,
  id_number_hash text,
  phone_sealed text,
  other_project text,
  state text not null,
  passed boolean not null,
  hired_on text,
  left_on text,
  created_by uuid,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null
);
create unique index staff_user on staff (user_id);
create unique index staff_id_number on staff (id_number_hash);
create index staff_state on staff (state, created_at);
create table staff_evidence (
  id uuid primary key,
  staff_id uuid not null references staff (id),
  item text not null,
  issued_on text not null,
  until_day text,
  level text,
  number bigint,
  seconds bigint,
  issuer text,
  details jsonb not null,
  state text not null,
  warned_days integer,
  source_event text,
  added_by uuid,
  added_at timestamptz not null,
  checked_by uuid,
  checked_at timestamptz,
  check_note text,
  updated_at timestamptz not null,
  version bigint not null
);
create index staff_evidence_staff on staff_evidence (staff_id, item, issued_on);
create unique index staff_evidence_source on staff_evidence (source_event);
create table staff_files (
  id uuid primary key,
  evidence_id uuid not null references staff_evidence (id),
  name text not null,
  media_type text not null,
  bytes bigint not null,
  sha256 text not null,
  path text not null,
  at timestamptz not null,
  by_id uuid
);
create index staff_files_evidence on staff_files (evidence_id, at);
create table staff_waivers (
  id uuid primary key,
  staff_id uuid not null references staff (id),
  item text not null,
  reason text not null,
  from_day text not null,
  until_day text not null,
  transition_id uuid,
  warned_days integer,
  granted_by uuid,
  granted_at timestamptz not null,
  revoked_by uuid,
  revoked_at timestamptz
);
create index staff_waivers_staff on staff_waivers (staff_id, until_day);
create table posts (
  id text primary key,
  name text not null,
  opens_on text,
  holder_id uuid references staff (id),
  state text not null,
  updated_at timestamptz not null,
  version bigint not null
);
create unique index posts_holder on posts (holder_id);
create table post_holdings (
  id uuid primary key,
  post_id text not null references posts (id),
  staff_id uuid not null references staff (id),
  from_day text not null,
  until_day text,
  reason text
);
create index post_holdings_post on post_holdings (post_id, from_day);
create index post_holdings_staff on post_holdings (staff_id, from_day);
create table personnel_lines (
  id uuid primary key,
  subject_kind text not null,
  subject_id uuid not null,
  at timestamptz not null,
  who_id uuid,
  who_name text not null,
  action text not null,
  note text
);
create index personnel_lines_subject on personnel_lines (subject_id, at, id);
insert into posts (id, name, state, updated_at, version) values
  ('Z1', '客服座席 1', 'vacant', '2026-11-27T00:00:00+00:00', 1),
  ('Z2', '客服座席 2', 'vacant', '2026-11-27T00:00:00+00:00', 1),
  ('Z3', '客服座席 3', 'vacant', '2026-11-27T00:00:00+00:00', 1),
  ('Z4', '客服座席 4', 'vacant', '2026-11-27T00:00:00+00:00', 1),
  ('Z5', '客服座席 5', 'vacant', '2026-11-27T00:00:00+00:00', 1),
  ('Z6', '客服座席 6', 'vacant', '2026-11-27T00:00:00+00:00', 1);
insert into rules (kind, subject, effective_from, recorded_at, recorded_by, source, body) values
  ('qualification', 'clean_record', '2022-09-01T00:00:00+00:00', '2026-11-27T00:00:00+00:00', null,
   '采购需求书 A-39', '{"item":"clean_record","mandatory":true}'),
  ('qualification', 'experience', '2022-09-01T00:00:00+00:00', '2026-11-27T00:00:00+00:00', null,
   '采购需求书 A-40；“丰富”为设计默认值 12 个月，待采购人确认', '{"item":"experience","mandatory":true,"least":12}'),
  ('qualification', 'education', '2022-09-01T00:00:00+00:00', '2026-11-27T00:00:00+00:00', null,
   '采购需求书 A-41', '{"item":"education","mandatory":true,"level":"secondary"}'),
  ('qualification', 'age', '2022-09-01T00:00:00+00:00', '2026-11-27T00:00:00+00:00', null,
   '采购需求书 A-41；“以下”含本数，待采购人确认', '{"item":"age","mandatory":true,"most":40}'),
  ('qualification', 'health', '2022-09-01T00:00:00+00:00', '2026-11-27T00:00:00+00:00', null,
   '采购需求书 A-41；有效期为设计默认值，待采购人确认', '{"item":"health","mandatory":true,"valid_months":12}'),
  ('qualification', 'typing', '2022-09-01T00:00:00+00:00', '2026-11-27T00:00:00+00:00', null,
   '采购需求书 A-42；测试时长为设计默认值，待采购人确认', '{"item":"typing","mandatory":true,"least":50,"least_seconds":180}'),
  ('qualification', 'mandarin', '2022-09-01T00:00:00+00:00', '2026-11-27T00:00:00+00:00', null,
   '采购需求书 A-43；等级为设计默认值，待采购人确认', '{"item":"mandarin","mandatory":true,"level":"second_b"}'),
  ('qualification', 'interview', '2022-09-01T00:00:00+00:00', '2026-11-27T00:00:00+00:00', null,
   '采购需求书 A-44；分数为设计默认值，待采购人确认', '{"item":"interview","mandatory":true,"least":30}'),
  ('qualification', 'attitude', '2022-09-01T00:00:00+00:00', '2026-11-27T00:00:00+00:00', null,
   '采购需求书 A-40、A-44；分数为设计默认值，待采购人确认', '{"item":"attitude","mandatory":false,"least":30}'),
  ('qualification', 'employer', '2022-09-01T00:00:00+00:00', '2026-11-27T00:00:00+00:00', null,
   '采购需求书 A-60', '{"item":"employer","mandatory":true}'),
  ('qualification', 'nda', '2022-09-01T00:00:00+00:00', '2026-11-27T00:00:00+00:00', null,
   '采购需求书 A-55', '{"item":"nda","mandatory":true}'),
  ('qualification', 'confidentiality', '2022-09-01T00:00:00+00:00', '2026-11-27T00:00:00+00:00', null,
   '采购需求书 A-55；有效期为设计默认值，待采购人确认', '{"item":"confidentiality","mandatory":true,"valid_months":12}'),
  ('qualification', 'pre_job', '2022-09-01T00:00:00+00:00', '2026-11-27T00:00:00+00:00', null,
   '采购需求书 A-51', '{"item":"pre_job","mandatory":true}'),
  ('nda_version', 'nda', '2022-09-01T00:00:00+00:00', '2026-11-27T00:00:00+00:00', null,
   '设计默认值，待双方确认文本', '{"code":"2026-1","title":"保密协议（2026 年第 1 版）"}'),
  ('work_gate', 'gate', '2022-09-01T00:00:00+00:00', '2026-11-27T00:00:00+00:00', null,
   '设计默认值：档案建齐前不拦截没有档案的人员', '{"file_required":false}'),
  ('personnel_term', 'replacement.notice', '2022-09-01T00:00:00+00:00', '2026-11-27T00:00:00+00:00', null,
   '采购需求书 A-46', '{"code":"replacement.notice","working_days":5}'),
  ('personnel_term', 'replacement.sudden', '2022-09-01T00:00:00+00:00', '2026-11-27T00:00:00+00:00', null,
   '设计默认值，待采购人确认', '{"code":"replacement.sudden","working_days":5}'),
  ('personnel_term', 'demand.fulfil', '2022-09-01T00:00:00+00:00', '2026-11-27T00:00:00+00:00', null,
   '设计默认值，待采购人确认', '{"code":"demand.fulfil","working_days":5}'),
  ('personnel_term', 'transition.exemption', '2022-09-01T00:00:00+00:00', '2026-11-27T00:00:00+00:00', null,
   '设计默认值，待采购人确认', '{"code":"transition.exemption","working_days":20}');
