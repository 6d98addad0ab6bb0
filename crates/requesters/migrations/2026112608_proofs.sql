create table requester_proofs (
  id uuid primary key,
  requester_id uuid not null,
  way text not null,
  code_hash text not null,
  number_hash text,
  number_sealed text,
  started_at timestamptz not null,
  until_at timestamptz not null,
  tries integer not null,
  state text not null,
  finished_with uuid,
  finished_at timestamptz
);
create index requester_proofs_requester on requester_proofs (requester_id, started_at);
create index requester_proofs_code on requester_proofs (code_hash);
create index requester_proofs_number on requester_proofs (number_hash, started_at);
create index requester_proofs_until on requester_proofs (until_at);
create table requester_proof_callers (
  requester_id uuid primary key,
  since timestamptz not null,
  tries integer not null
);
