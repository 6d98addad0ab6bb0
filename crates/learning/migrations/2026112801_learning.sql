create table questions (
  id uuid primary key,
  number text not null,
  kind text not null,
  matter_code text not null,
  difficulty text not null,
  n integer not null,
  text text not null,
  source_article uuid,
  source_n integer,
  source_name text not null,
  active boolean not null,
  state text not null,
  created_by uuid not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null
);
create unique index questions_number on questions (number);
create index questions_updated_at on questions (updated_at, id);
create index questions_drawn on questions (active, kind, matter_code);
create table question_versions (
  question_id uuid not null references questions (id),
  n integer not null,
  difficulty text not null,
  content jsonb not null,
  by_id uuid not null,
  at timestamptz not null,
  primary key (question_id, n)
);
create table papers (
  id uuid primary key,
  number text not null,
  title text not null,
  n integer not null,
  state text not null,
  created_by uuid not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null
);
create unique index papers_number on papers (number);
create index papers_updated_at on papers (updated_at, id);
create table paper_versions (
  paper_id uuid not null references papers (id),
  n integer not null,
  blueprint jsonb not null,
  by_id uuid not null,
  at timestamptz not null,
  primary key (paper_id, n)
);
create table exam_sittings (
  id uuid primary key,
  number text not null,
  title text not null,
  purpose text not null,
  paper_id uuid not null references papers (id),
  paper_n integer not null,
  opens_at timestamptz not null,
  closes_at timestamptz not null,
  pass_percent integer not null,
  minutes integer not null,
  tries integer not null,
  resit_after_hours integer not null,
  resit_within_days integer not null,
  questions integer not null,
  total integer not null,
  release text not null,
  created_by uuid not null,
  created_at timestamptz not null
);
create unique index exam_sittings_number on exam_sittings (number);
create index exam_sittings_opens_at on exam_sittings (opens_at, id);
create table exam_pools (
  sitting_id uuid primary key references exam_sittings (id),
  seed text not null,
  blueprint jsonb not null,
  pool jsonb not null
);
create table exam_attempts (
  id uuid primary key,
  sitting_id uuid not null references exam_sittings (id),
  user_id uuid not null,
  try_no integer not null,
  state text not null,
  opens_at timestamptz not null,
  closes_at timestamptz not null,
  started_at timestamptz,
  deadline_at timestamptz,
  handed_in_at timestamptz,
  by_timer boolean not null,
  missed boolean not null,
  points integer,
  total integer not null,
  passed boolean,
  released_at timestamptz,
  next_begun boolean not null,
  note text not null,
  left_count integer not null,
  left_seconds integer not null,
  last_answer_at timestamptz,
  next_alarm_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null
);
create unique index exam_attempts_try on exam_attempts (sitting_id, user_id, try_no);
create index exam_attempts_user on exam_attempts (user_id, created_at, id);
create index exam_attempts_alarm on exam_attempts (next_alarm_at);
create index exam_attempts_state on exam_attempts (state, updated_at, id);
create table exam_drawn (
  attempt_id uuid primary key references exam_attempts (id),
  drawn jsonb not null
);
create table exam_answers (
  attempt_id uuid not null references exam_attempts (id),
  no integer not null,
  question_id uuid not null,
  n integer not null,
  kind text not null,
  most integer not null,
  answer jsonb,
  seq bigint not null,
  saved_at timestamptz,
  marking text not null,
  awarded integer,
  primary key (attempt_id, no)
);
create index exam_answers_question on exam_answers (question_id);
create index exam_answers_marking on exam_answers (marking, saved_at);
create table exam_marks (
  attempt_id uuid not null,
  no integer not null,
  turn integer not null,
  marker_id uuid not null,
  points integer not null,
  note text not null,
  at timestamptz not null,
  primary key (attempt_id, no, turn)
);
create unique index exam_marks_marker on exam_marks (attempt_id, no, marker_id);
create table exam_results (
  attempt_id uuid not null references exam_attempts (id),
  n integer not null,
  points integer not null,
  total integer not null,
  passed boolean not null,
  reason text,
  by_id uuid,
  by_name text not null,
  at timestamptz not null,
  primary key (attempt_id, n)
);
create table certificates (
  id uuid primary key,
  number text not null,
  user_id uuid not null,
  person_name text not null,
  attempt_id uuid not null references exam_attempts (id),
  title text not null,
  points integer not null,
  total integer not null,
  valid_from date not null,
  valid_until date,
  issued_by uuid not null,
  issued_at timestamptz not null,
  revoked_on date,
  revoked_by uuid,
  revoked_at timestamptz,
  revoke_reason text,
  state text not null,
  updated_at timestamptz not null,
  version bigint not null
);
create unique index certificates_number on certificates (number);
create unique index certificates_attempt on certificates (attempt_id);
create index certificates_user on certificates (user_id, valid_from);
create index certificates_issued_at on certificates (issued_at, id);
create table typing_tests (
  id uuid primary key,
  user_id uuid not null,
  state text not null,
  text text not null,
  minutes integer not null,
  pass_cpm integer not null,
  pass_accuracy integer not null,
  most_at_once integer not null,
  most_cpm integer not null,
  prepared_at timestamptz not null,
  started_at timestamptz,
  ends_at timestamptz,
  ended_at timestamptz,
  typed text not null,
  inserted integer not null,
  seq bigint not null,
  last_at timestamptz,
  refused integer not null,
  pasted integer not null,
  events integer not null,
  removed integer not null,
  timeline jsonb not null,
  correct integer,
  typed_chars integer,
  cpm_x100 integer,
  accuracy_bp integer,
  passed boolean,
  next_alarm_at timestamptz,
  updated_at timestamptz not null,
  version bigint not null
);
create index typing_tests_user on typing_tests (user_id, prepared_at);
create index typing_tests_prepared_at on typing_tests (prepared_at, id);
create index typing_tests_alarm on typing_tests (next_alarm_at);
create table courses (
  id uuid primary key,
  number text not null,
  title text not null,
  matter_code text,
  description text not null,
  minutes integer not null,
  state text not null,
  created_by uuid not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null
);
create unique index courses_number on courses (number);
create index courses_updated_at on courses (updated_at, id);
create table course_materials (
  id uuid primary key,
  course_id uuid not null references courses (id),
  kind text not null,
  name text not null,
  article_id uuid,
  article_n integer,
  path text,
  media_type text,
  bytes bigint,
  sha256 text,
  by_id uuid not null,
  at timestamptz not null,
  removed_at timestamptz
);
create index course_materials_course on course_materials (course_id, at);
create table training_sessions (
  id uuid primary key,
  course_id uuid not null references courses (id),
  course_title text not null,
  state text not null,
  starts_at timestamptz not null,
  minutes integer not null,
  place text not null,
  teacher_id uuid not null,
  note text not null,
  closed_at timestamptz,
  created_by uuid not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null
);
create index training_sessions_starts_at on training_sessions (starts_at, id);
create table attendances (
  session_id uuid not null references training_sessions (id),
  user_id uuid not null,
  state text not null,
  minutes integer not null,
  result text not null,
  percent integer,
  recorded_by uuid,
  recorded_at timestamptz,
  primary key (session_id, user_id)
);
create index attendances_user on attendances (user_id, session_id);
insert into rules (kind, subject, effective_from, recorded_at, recorded_by, source, body) values
  ('learning_rule', 'exam.pass_percent', '2026-01-01T00:00:00+00:00', '2026-11-26T00:00:00+00:00', null,
   '设计默认值，待采购人确认', '{"code":"exam.pass_percent","value":80}'),
  ('learning_rule', 'exam.mark_difference_percent', '2026-01-01T00:00:00+00:00', '2026-11-26T00:00:00+00:00', null,
   '设计默认值，待采购人确认', '{"code":"exam.mark_difference_percent","value":20}'),
  ('learning_rule', 'typing.minutes', '2026-01-01T00:00:00+00:00', '2026-11-26T00:00:00+00:00', null,
   '设计默认值，待采购人确认', '{"code":"typing.minutes","value":3}'),
  ('learning_rule', 'typing.pass_cpm', '2026-01-01T00:00:00+00:00', '2026-11-26T00:00:00+00:00', null,
   '采购需求书：打字速度每分钟50字以上', '{"code":"typing.pass_cpm","value":50}'),
  ('learning_rule', 'typing.pass_accuracy_percent', '2026-01-01T00:00:00+00:00', '2026-11-26T00:00:00+00:00', null,
   '设计默认值，待采购人确认', '{"code":"typing.pass_accuracy_percent","value":0}'),
  ('learning_rule', 'typing.most_at_once', '2026-01-01T00:00:00+00:00', '2026-11-26T00:00:00+00:00', null,
   '设计默认值，待采购人确认', '{"code":"typing.most_at_once","value":30}'),
  ('learning_rule', 'typing.most_cpm', '2026-01-01T00:00:00+00:00', '2026-11-26T00:00:00+00:00', null,
   '设计默认值，待采购人确认', '{"code":"typing.most_cpm","value":400}');
