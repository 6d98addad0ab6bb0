create table reading_plans (
  article_id uuid not null references articles (id),
  n integer not null,
  audience text not null,
  pass_percent integer not null,
  questions jsonb not null,
  set_by uuid,
  set_at timestamptz not null,
  primary key (article_id, n)
);
create table readings (
  id uuid primary key,
  article_id uuid not null references articles (id),
  n integer not null,
  article_number text not null,
  title text not null,
  user_id uuid not null,
  questions integer not null,
  assigned_at timestamptz not null,
  read_due_at timestamptz not null,
  read_at timestamptz,
  quiz_due_at timestamptz,
  passed_at timestamptz,
  attempts integer not null,
  best_percent integer not null,
  done boolean not null,
  overdue boolean not null,
  ended_at timestamptz,
  next_alarm_at timestamptz,
  state text not null,
  updated_at timestamptz not null,
  version bigint not null
);
create unique index readings_person on readings (article_id, n, user_id);
create index readings_user on readings (user_id, done, assigned_at);
create index readings_alarm on readings (next_alarm_at);
create table reading_attempts (
  id uuid primary key,
  reading_id uuid not null references readings (id),
  at timestamptz not null,
  answers jsonb not null,
  percent integer not null,
  passed boolean not null
);
create index reading_attempts_reading on reading_attempts (reading_id, at);
