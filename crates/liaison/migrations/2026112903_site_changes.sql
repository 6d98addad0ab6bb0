create table site_changes (
  id uuid primary key,
  number text not null,
  kind text not null,
  title text not null,
  reason text not null,
  before_text text not null,
  after_text text not null,
  planned_on text,
  emergency boolean not null,
  opinion text,
  author_id uuid,
  decided_by uuid,
  decided_at timestamptz,
  effective_at timestamptz,
  state text not null,
  open boolean not null,
  overdue boolean not null,
  due_at timestamptz,
  next_alarm_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null
);
create index site_changes_created on site_changes (created_at, id);
create index site_changes_open on site_changes (open, created_at);
create index site_changes_alarm on site_changes (next_alarm_at);
