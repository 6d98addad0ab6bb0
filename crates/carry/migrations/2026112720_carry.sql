create table carry_layouts (
  kind text primary key,
  columns jsonb not null,
  updated_by uuid,
  updated_at timestamptz not null
);
create table carry_imports (
  id uuid primary key,
  number text not null,
  kind text not null,
  transition_id uuid,
  file_name text not null,
  sha256 text not null,
  bytes bigint not null,
  state text not null,
  rows bigint not null,
  made bigint not null,
  changed bigint not null,
  unchanged bigint not null,
  ownerless bigint not null,
  errors bigint not null,
  report jsonb not null,
  problem text,
  moved_at timestamptz not null,
  at timestamptz not null,
  by_id uuid,
  by_name text not null
);
create index carry_imports_at on carry_imports (at);
create index carry_imports_kind on carry_imports (kind, at);
create index carry_imports_transition on carry_imports (transition_id, at);
create table carry_links (
  kind text not null,
  foreign_no text not null,
  subject_id uuid not null,
  told jsonb not null,
  import_id uuid not null,
  updated_at timestamptz not null,
  primary key (kind, foreign_no)
);
create table carried_history (
  id uuid primary key,
  number text not null,
  kind text not null,
  requester_id uuid not null,
  at timestamptz not null,
  channel text,
  title text not null,
  content text not null,
  result text,
  agent text,
  closed_at timestamptz,
  import_id uuid,
  updated_at timestamptz not null
);
create index carried_history_at on carried_history (at);
create index carried_history_requester on carried_history (requester_id, at);
create table carry_exports (
  id uuid primary key,
  number text not null,
  reason text not null,
  state text not null,
  requested_by uuid,
  requested_at timestamptz not null,
  decided_by uuid,
  decided_at timestamptz,
  opinion text,
  began_at timestamptz,
  ended_at timestamptz,
  progress text,
  problem text,
  manifest_sha256 text,
  rows bigint not null,
  files bigint not null,
  bytes bigint not null,
  updated_at timestamptz not null,
  version bigint not null
);
create index carry_exports_at on carry_exports (requested_at);
create index carry_exports_state on carry_exports (state, requested_at);
