create table topic_runs (
  id uuid primary key,
  from_day text not null,
  until_day text not null,
  state text not null,
  contacts bigint not null,
  topics bigint not null,
  failed_as text,
  asked_by uuid,
  asked_at timestamptz not null,
  done_at timestamptz
);
create index topic_runs_asked on topic_runs (asked_at, id);
create unique index topic_runs_waiting on topic_runs (from_day, until_day) where state = 'waiting';
create table topics (
  id uuid primary key,
  number text not null,
  run_id uuid not null references topic_runs (id),
  from_day text not null,
  until_day text not null,
  subject text not null,
  found_as text not null,
  name text not null,
  phrases jsonb not null,
  matter_code text,
  matters jsonb not null,
  hot boolean not null,
  hard boolean not null,
  rise text not null,
  count bigint not null,
  ratio bigint,
  heat bigint not null,
  hardness bigint not null,
  hard_parts jsonb,
  effort jsonb not null,
  spans jsonb not null,
  days jsonb not null,
  class text,
  suggestion text not null,
  reason text,
  merged_into uuid references topics (id),
  state text not null,
  open boolean not null,
  reviewed_by uuid,
  reviewed_at timestamptz,
  published_by uuid,
  published_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null
);
create unique index topics_subject on topics (from_day, until_day, subject);
create index topics_heat on topics (heat, id);
create index topics_hardness on topics (hardness, id);
create index topics_created on topics (created_at, id);
create index topics_state on topics (state, until_day);
create index topics_published on topics (published_at) where published_at is not null;
create table topic_examples (
  id uuid primary key,
  topic_id uuid not null references topics (id),
  contact_id uuid not null,
  n integer not null,
  text text not null
);
create index topic_examples_topic on topic_examples (topic_id, n);
create index topic_examples_contact on topic_examples (contact_id);
create table topic_spawns (
  topic_id uuid not null references topics (id),
  kind text not null,
  target_id uuid not null,
  number text not null,
  by_id uuid not null,
  at timestamptz not null,
  primary key (topic_id, kind)
);
insert into rules (kind, subject, effective_from, recorded_at, recorded_by, source, body) values
  ('topic_terms', 'topics', '2022-09-01T00:00:00+00:00', '2026-12-05T00:00:00+00:00', null, '设计默认值，待采购人确认',
   '{"least":8,"ratio_percent":150,"most":20}');
