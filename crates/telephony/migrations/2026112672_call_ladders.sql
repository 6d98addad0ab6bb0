create table call_ladders (
  call_id uuid primary key references calls (id),
  stored_at timestamptz not null,
  messages bigint not null,
  dropped bigint not null,
  body text not null
);
create index call_ladders_stored_at on call_ladders (stored_at);
