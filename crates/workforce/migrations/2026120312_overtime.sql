create table overtime_orders (
  id uuid primary key,
  number text not null,
  on_day text not null,
  pay_class text not null,
  reason text not null,
  people bigint not null,
  minutes bigint not null,
  despite text,
  opinion text,
  state text not null,
  requested_by uuid,
  requested_at timestamptz not null,
  planned_by uuid,
  confirmed_by uuid,
  confirmed_at timestamptz,
  updated_at timestamptz not null,
  version bigint not null
);
create index overtime_orders_requested on overtime_orders (requested_at, id);
create table overtime_turns (
  id uuid primary key,
  order_id uuid not null references overtime_orders (id),
  user_id uuid not null,
  on_day text not null,
  minutes bigint not null check (minutes > 0),
  worked_minutes bigint,
  compensation text not null
);
create unique index overtime_turns_person on overtime_turns (order_id, user_id);
create index overtime_turns_day on overtime_turns (on_day, user_id);
