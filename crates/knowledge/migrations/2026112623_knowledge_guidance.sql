create table lookup_rows (
  id uuid primary key,
  kind text not null,
  code text not null,
  year integer not null,
  name text not null,
  active boolean not null,
  facts jsonb not null,
  public_fields text not null,
  state text not null,
  updated_by uuid,
  updated_at timestamptz not null,
  version bigint not null
);
create unique index lookup_rows_code on lookup_rows (kind, code);
create index lookup_rows_year on lookup_rows (kind, year, id);
create table lookup_history (
  row_id uuid not null references lookup_rows (id),
  version bigint not null,
  at timestamptz not null,
  by_id uuid,
  year integer not null,
  name text not null,
  active boolean not null,
  facts jsonb not null,
  public_fields text not null,
  primary key (row_id, version)
);
create table fault_trees (
  id uuid primary key,
  number text not null,
  matter_code text not null,
  owner_section text,
  title text not null,
  state text not null,
  current_n integer,
  latest_n integer not null,
  emergency boolean not null,
  author_id uuid not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null
);
create unique index fault_trees_number on fault_trees (number);
create index fault_trees_updated_at on fault_trees (updated_at, id);
create table fault_tree_versions (
  tree_id uuid not null references fault_trees (id),
  n integer not null,
  approval_id uuid not null references approvals (id),
  title text not null,
  symptom text not null,
  nodes jsonb not null,
  author_id uuid not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (tree_id, n)
);
create table fault_tree_walks (
  id uuid primary key,
  tree_id uuid not null references fault_trees (id),
  tree_number text not null,
  n integer not null,
  title text not null,
  path jsonb not null,
  outcome text,
  outcome_text text not null,
  article_id uuid,
  note text not null,
  call_id uuid,
  conversation_id uuid,
  ticket_id uuid,
  at timestamptz not null,
  by_id uuid not null
);
create index fault_tree_walks_at on fault_tree_walks (at, id);
create index fault_tree_walks_ticket on fault_tree_walks (ticket_id, at, id);
create index fault_tree_walks_call on fault_tree_walks (call_id);
create index fault_tree_walks_tree on fault_tree_walks (tree_id, at, id);
create index fault_tree_walks_by on fault_tree_walks (by_id, at, id);
