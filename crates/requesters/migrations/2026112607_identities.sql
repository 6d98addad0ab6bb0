alter table requesters add column person_id uuid;
alter table requesters add column merged_into uuid;
alter table requesters add column proven_at timestamptz;
alter table requesters add column proven_by text;
create index requesters_person_id on requesters (person_id);
create table requester_identities (
  id uuid primary key,
  channel text not null,
  external_id text not null,
  requester_id uuid not null,
  nickname text,
  mail_hash text,
  first_seen_at timestamptz not null,
  last_seen_at timestamptz not null
);
create unique index requester_identities_external on requester_identities (channel, external_id);
create index requester_identities_requester on requester_identities (requester_id);
create index requester_identities_mail on requester_identities (mail_hash);
create table requester_claims (
  id uuid primary key,
  requester_id uuid not null,
  kind text not null,
  hash text not null,
  masked text not null,
  sealed text not null,
  claimed_at timestamptz not null
);
create unique index requester_claims_once on requester_claims (requester_id, kind, hash);
create index requester_claims_hash on requester_claims (hash);
create table requester_links (
  id uuid primary key,
  at timestamptz not null,
  by_id uuid,
  by_name text not null,
  what text not null,
  from_id uuid not null,
  into_id uuid not null,
  proof text,
  reason text
);
create index requester_links_from on requester_links (from_id, at);
create index requester_links_into on requester_links (into_id, at);
create table requester_blocks (
  id uuid primary key,
  requester_id uuid not null,
  channels jsonb not null,
  reason text not null,
  evidence text not null,
  from_at timestamptz not null,
  until_at timestamptz not null,
  state text not null,
  open boolean not null,
  asked_by uuid not null,
  asked_at timestamptz not null,
  decided_by uuid,
  decided_at timestamptz,
  decision text,
  lifted_by uuid,
  lifted_at timestamptz,
  lifted_for text,
  next_alarm_at timestamptz,
  updated_at timestamptz not null,
  version bigint not null
);
create index requester_blocks_requester on requester_blocks (requester_id, open);
create index requester_blocks_asked_at on requester_blocks (asked_at, id);
create index requester_blocks_next_alarm_at on requester_blocks (next_alarm_at);
