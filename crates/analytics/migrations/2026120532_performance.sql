create table performance_sheets (
  id uuid primary key,
  month text not null,
  user_id uuid not null,
  n integer not null,
  total bigint not null,
  weight bigint not null,
  vetoed boolean not null,
  table_since timestamptz not null,
  taken_off jsonb not null,
  state text not null,
  calculated_by uuid,
  calculated_at timestamptz not null,
  checked_by uuid,
  checked_at timestamptz,
  released_by uuid,
  released_at timestamptz,
  final_at timestamptz,
  updated_at timestamptz not null,
  version bigint not null
);
create unique index performance_sheets_month on performance_sheets (month, user_id);
create index performance_sheets_user on performance_sheets (user_id, month);
create index performance_sheets_calculated on performance_sheets (calculated_at, id);
create table performance_rows (
  sheet_id uuid not null references performance_sheets (id),
  n integer not null,
  position integer not null,
  indicator text not null,
  numerator bigint not null,
  denominator bigint not null,
  value bigint,
  source text not null,
  body jsonb not null,
  points bigint,
  primary key (sheet_id, n, position)
);
create table performance_calculations (
  sheet_id uuid not null references performance_sheets (id),
  n integer not null,
  total bigint not null,
  taken_off bigint not null,
  by_id uuid,
  at timestamptz not null,
  primary key (sheet_id, n)
);
create table improvement_plans (
  id uuid primary key,
  number text not null,
  user_id uuid not null,
  sheet_id uuid not null references performance_sheets (id),
  month text not null,
  indicator text not null,
  rises boolean not null,
  before_value bigint,
  goal bigint not null,
  measures text not null,
  due_on text not null,
  after_value bigint,
  after_month text,
  note text,
  state text not null,
  open boolean not null,
  opened_by uuid not null,
  opened_at timestamptz not null,
  closed_by uuid,
  closed_at timestamptz,
  updated_at timestamptz not null,
  version bigint not null
);
create index improvement_plans_opened on improvement_plans (opened_at, id);
create index improvement_plans_user on improvement_plans (user_id, open);
insert into rules (kind, subject, effective_from, recorded_at, recorded_by, source, body) values
  ('score_table', 'agents', '2022-09-01T00:00:00+00:00', '2026-12-05T00:00:00+00:00', null, '设计默认值，由运营经理设定',
   '{"rows":[{"indicator":"k09","weight":15,"target":300000,"floor":600000,"method":"linear","steps":[]},{"indicator":"k08","weight":10,"target":60000,"floor":180000,"method":"linear","steps":[]},{"indicator":"k18","weight":15,"target":8500,"floor":6000,"method":"linear","steps":[]},{"indicator":"k19","weight":15,"target":9500,"floor":8000,"method":"linear","steps":[]},{"indicator":"k20","weight":10,"target":9800,"floor":9000,"method":"linear","steps":[]},{"indicator":"quality","weight":15,"target":9500,"floor":8000,"method":"linear","steps":[]},{"indicator":"attendance","weight":10,"target":10000,"floor":9000,"method":"step","steps":[{"from":10000,"percent":100},{"from":9800,"percent":80},{"from":9500,"percent":50}]},{"indicator":"exam","weight":10,"target":9000,"floor":6000,"method":"linear","steps":[]},{"indicator":"k31","weight":0,"target":-1,"floor":0,"method":"veto","steps":[]}]}');
