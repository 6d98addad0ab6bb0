create table data_returns (
  id uuid primary key,
  number text not null,
  export_id uuid not null references carry_exports (id),
  contract_ended_on text not null,
  state text not null,
  unsaid bigint not null,
  handed jsonb not null,
  manifest_sha256 text not null,
  offered_by uuid,
  offered_at timestamptz not null,
  received_by uuid,
  received_at timestamptz,
  received_note text,
  deletion_by uuid,
  deletion_at timestamptz,
  deleted_at timestamptz,
  signed_by uuid,
  signed_at timestamptz,
  accepted_by uuid,
  accepted_at timestamptz,
  sent_back text,
  path text,
  bytes bigint,
  sha256 text,
  updated_at timestamptz not null,
  version bigint not null
);
create unique index data_returns_number on data_returns (number);
create index data_returns_at on data_returns (offered_at, id);
create index data_returns_state on data_returns (state, offered_at);
create table data_return_lines (
  return_id uuid not null references data_returns (id),
  kind text not null,
  code text not null,
  what text not null,
  rows bigint,
  files bigint,
  how text not null,
  until_day text,
  done_on text not null,
  at timestamptz not null,
  by_id uuid,
  primary key (return_id, kind, code)
);
