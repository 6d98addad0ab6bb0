create table follow_up_lists (
  id uuid primary key,
  name text not null,
  purpose text not null,
  script text,
  script_title text,
  questions jsonb not null,
  state text not null,
  open boolean not null,
  items integer not null,
  made_by uuid not null,
  made_at timestamptz not null,
  closed_at timestamptz,
  updated_at timestamptz not null,
  version bigint not null
);
create index follow_up_lists_made_at on follow_up_lists (made_at, id);
create table follow_up_owners (
  list_id uuid not null references follow_up_lists (id),
  agent_id uuid not null,
  place integer not null,
  primary key (list_id, agent_id)
);
create table follow_up_items (
  id uuid primary key,
  list_id uuid not null references follow_up_lists (id),
  seq integer not null,
  number text not null,
  number_hash text not null,
  name text,
  note text,
  requester_id uuid,
  ticket_id uuid,
  owner_id uuid,
  state text not null,
  open boolean not null,
  attempts integer not null,
  last_attempt_at timestamptz,
  next_at timestamptz,
  outcome text,
  answers jsonb,
  updated_at timestamptz not null,
  version bigint not null
);
create unique index follow_up_items_number on follow_up_items (list_id, number_hash);
create index follow_up_items_seq on follow_up_items (list_id, seq, id);
create index follow_up_items_owner on follow_up_items (list_id, owner_id, open, seq);
create table follow_up_attempts (
  id uuid primary key,
  item_id uuid not null references follow_up_items (id),
  n integer not null,
  order_id uuid not null,
  agent_id uuid not null,
  at timestamptz not null,
  talked boolean,
  outcome text,
  note text,
  told_at timestamptz
);
create index follow_up_attempts_item on follow_up_attempts (item_id, at);
create index follow_up_attempts_order on follow_up_attempts (order_id);
