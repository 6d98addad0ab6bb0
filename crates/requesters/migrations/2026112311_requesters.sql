create table requesters (
  id uuid primary key,
  name text,
  phone text,
  phone_hash text,
  phone_kind text not null,
  region text not null,
  identity text not null,
  contacts bigint not null,
  first_contact_at timestamptz not null,
  last_contact_at timestamptz not null,
  version bigint not null
);
create unique index requesters_phone_hash on requesters (phone_hash);
create index requesters_name on requesters (lower(name), id);
create index requesters_last_contact_at on requesters (last_contact_at, id);
create index requesters_last_digits on requesters (substr(phone, length(phone) - 3), last_contact_at);
