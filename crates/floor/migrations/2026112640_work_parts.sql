create table work_parts (
  id uuid primary key,
  work_id uuid not null,
  number integer not null,
  queue text,
  agent_id uuid not null,
  began_at timestamptz not null,
  ended_at timestamptz,
  ended_as text,
  wrap_up_began_at timestamptz,
  wrap_up_ended_at timestamptz,
  wrap_up_extensions integer not null,
  wrap_up_expired boolean not null
);
create unique index work_parts_work on work_parts (work_id, number);
create index work_parts_agent on work_parts (agent_id, began_at, id);
create index work_parts_ended_at on work_parts (ended_at, id);
alter table work_items add column continues uuid;
