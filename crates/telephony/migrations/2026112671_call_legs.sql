create table call_legs (
  id uuid primary key,
  call_id uuid not null references calls (id),
  side text not null,
  web boolean not null,
  codec text,
  began_at timestamptz not null,
  lasted_ms bigint not null,
  received bigint not null,
  lost bigint not null,
  jitter_us bigint not null,
  most_jitter_us bigint not null,
  gap_ms bigint not null,
  mos_hundredths bigint,
  stretches jsonb not null
);
create index call_legs_call on call_legs (call_id, began_at);
