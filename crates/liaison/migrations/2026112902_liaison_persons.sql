create table liaison_persons (
  id uuid primary key,
  side text not null,
  user_id uuid not null,
  standing text not null,
  from_day text not null,
  until_day text,
  phone text,
  ways jsonb not null,
  named_by uuid,
  named_at timestamptz not null,
  state text not null,
  updated_at timestamptz not null,
  version bigint not null
);
create index liaison_persons_side on liaison_persons (side, from_day);
create table urgent_notices (
  id uuid primary key,
  number text not null,
  from_side text not null,
  title text not null,
  content text not null,
  letter_id uuid references letters (id),
  sent_by uuid,
  sent_at timestamptz not null,
  arrived_at timestamptz,
  arrived_with uuid,
  proof text,
  state text not null,
  open boolean not null,
  due_at timestamptz,
  next_alarm_at timestamptz,
  updated_at timestamptz not null,
  version bigint not null
);
create index urgent_notices_sent on urgent_notices (sent_at, id);
create index urgent_notices_alarm on urgent_notices (next_alarm_at);
create table urgent_tries (
  id uuid primary key,
  notice_id uuid not null references urgent_notices (id),
  person_id uuid not null references liaison_persons (id),
  user_id uuid not null,
  standing text not null,
  way text not null,
  made_at timestamptz not null,
  sent_at timestamptz,
  arrived_at timestamptz,
  reached boolean,
  note text,
  by_id uuid
);
create index urgent_tries_notice on urgent_tries (notice_id, made_at);
