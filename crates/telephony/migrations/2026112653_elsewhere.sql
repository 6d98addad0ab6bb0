alter table calls add column source text not null default 'shoujie';
alter table calls add column source_code text;
alter table calls add column external_id text;
create unique index calls_external on calls (source, source_code, external_id);
create index calls_source on calls (source, arrived_at, id);
create table call_exchanges (
  code text primary key,
  name text not null,
  host text not null,
  port integer not null,
  secret text,
  allow_private boolean not null,
  active boolean not null,
  queue text not null,
  hotline text not null,
  agents jsonb not null,
  queues jsonb not null,
  updated_at timestamptz not null,
  version bigint not null
);
create table call_origins (
  code text primary key,
  name text not null,
  active boolean not null,
  queue text not null,
  hotline text not null,
  layout jsonb not null,
  words jsonb not null,
  agents jsonb not null,
  updated_at timestamptz not null,
  version bigint not null
);
create table call_imports (
  id uuid primary key,
  origin text not null references call_origins (code),
  file_name text not null,
  sha256 text not null,
  state text not null,
  rows bigint not null,
  made bigint not null,
  changed bigint not null,
  unchanged bigint not null,
  errors bigint not null,
  at timestamptz not null,
  by_id uuid,
  by_name text not null
);
create index call_imports_at on call_imports (at, id);
