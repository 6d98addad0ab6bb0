create table knowledge_numbers (
  key text primary key,
  last bigint not null
);
create table approvals (
  id uuid primary key,
  number text not null,
  kind text not null,
  subject_id uuid not null,
  subject_number text not null,
  n integer not null,
  title text not null,
  section text,
  author_id uuid not null,
  state text not null,
  waiting boolean not null,
  in_force boolean not null,
  emergency boolean not null,
  reason text,
  opinion text,
  submitted_by uuid,
  submitted_at timestamptz,
  decided_by uuid,
  decided_at timestamptz,
  due_at timestamptz,
  reminders integer not null,
  effective_at timestamptz,
  from_at timestamptz,
  until_at timestamptz,
  review_at timestamptz,
  due_for_review boolean not null,
  ended_at timestamptz,
  next_alarm_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null
);
create unique index approvals_number on approvals (number);
create unique index approvals_subject on approvals (kind, subject_id, n);
create unique index approvals_in_force on approvals (kind, subject_id) where in_force;
create index approvals_waiting on approvals (waiting, updated_at, id);
create index approvals_updated_at on approvals (updated_at, id);
create index approvals_state on approvals (state, updated_at, id);
create index approvals_alarm on approvals (next_alarm_at);
create table approval_lines (
  id uuid primary key,
  approval_id uuid not null references approvals (id),
  at timestamptz not null,
  who_id uuid,
  who_name text not null,
  action text not null,
  note text
);
create index approval_lines_approval on approval_lines (approval_id, at, id);
create table articles (
  id uuid primary key,
  number text not null,
  kind text not null,
  matter_code text not null,
  owner_section text,
  tags text not null,
  title text not null,
  state text not null,
  current_n integer,
  latest_n integer not null,
  emergency boolean not null,
  due_for_review boolean not null,
  author_id uuid not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null
);
create unique index articles_number on articles (number);
create index articles_updated_at on articles (updated_at, id);
create index articles_created_at on articles (created_at, id);
create index articles_matter on articles (matter_code, updated_at, id);
create index articles_state on articles (state, updated_at, id);
create table article_versions (
  article_id uuid not null references articles (id),
  n integer not null,
  approval_id uuid not null references approvals (id),
  title text not null,
  question text not null,
  answer text not null,
  public_answer text,
  keywords text not null,
  source_no text not null,
  source_title text not null,
  valid_from timestamptz,
  valid_to timestamptz,
  review_due timestamptz,
  author_id uuid not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (article_id, n)
);
create unique index article_versions_approval on article_versions (approval_id);
insert into rules (kind, subject, effective_from, recorded_at, recorded_by, source, body) values
  ('knowledge_term', 'approval.decide', '2026-01-01T00:00:00+00:00', '2026-11-26T00:00:00+00:00', null,
   '设计默认值，待采购人确认', '{"code":"approval.decide","working_days":2}'),
  ('knowledge_term', 'approval.ratify', '2026-01-01T00:00:00+00:00', '2026-11-26T00:00:00+00:00', null,
   '设计默认值，待采购人确认', '{"code":"approval.ratify","working_days":1}'),
  ('knowledge_term', 'reading.read', '2026-01-01T00:00:00+00:00', '2026-11-26T00:00:00+00:00', null,
   '设计默认值，待采购人确认', '{"code":"reading.read","working_days":1}'),
  ('knowledge_term', 'reading.quiz', '2026-01-01T00:00:00+00:00', '2026-11-26T00:00:00+00:00', null,
   '设计默认值，待采购人确认', '{"code":"reading.quiz","working_days":2}');
