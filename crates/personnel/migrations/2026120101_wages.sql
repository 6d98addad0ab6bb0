create table payroll_people (
  id uuid primary key,
  staff_id uuid not null references staff (id),
  duty text not null,
  from_day text not null,
  until_day text,
  note text,
  added_by uuid,
  added_at timestamptz not null
);
create index payroll_people_staff on payroll_people (staff_id, from_day);
create table wage_months (
  id uuid primary key,
  month text not null,
  state text not null,
  submitted_by uuid,
  submitted_at timestamptz,
  decided_by uuid,
  decided_at timestamptz,
  note text,
  updated_at timestamptz not null,
  version bigint not null
);
create unique index wage_months_month on wage_months (month);
create index wage_months_state on wage_months (state, submitted_at);
create table insurance_payments (
  id uuid primary key,
  month text not null,
  staff_id uuid not null references staff (id),
  item text not null,
  base_fen bigint not null,
  employer_fen bigint not null,
  employee_fen bigint not null,
  merged boolean not null,
  state text not null,
  recorded_by uuid,
  recorded_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null
);
create unique index insurance_payments_of on insurance_payments (month, staff_id, item);
create index insurance_payments_recorded on insurance_payments (recorded_at);
create table payslips (
  id uuid primary key,
  month text not null,
  staff_id uuid not null references staff (id),
  base_fen bigint not null,
  items jsonb not null,
  worked jsonb not null,
  performance_due_fen bigint not null,
  paid_fen bigint,
  paid_on text,
  state text not null,
  recorded_by uuid,
  recorded_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null
);
create unique index payslips_of on payslips (month, staff_id);
create index payslips_staff on payslips (staff_id, month);
create index payslips_recorded on payslips (recorded_at);
create table wage_files (
  id uuid primary key,
  month text not null,
  kind text not null,
  name text not null,
  media_type text not null,
  bytes bigint not null,
  sha256 text not null,
  path text not null,
  at timestamptz not null,
  by_id uuid
);
create index wage_files_month on wage_files (month, at);
create table wage_file_people (
  file_id uuid not null references wage_files (id),
  staff_id uuid not null references staff (id),
  primary key (file_id, staff_id)
);
create table quotations (
  id uuid primary key,
  title text not null,
  price_fen bigint not null,
  seats bigint not null,
  months bigint not null,
  from_day text not null,
  until_day text not null,
  extended_minutes bigint not null,
  rest_day_minutes bigint not null,
  holiday_minutes bigint not null,
  state text not null,
  floor_fen bigint not null,
  judged_on text not null,
  made_by uuid,
  made_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null
);
create index quotations_made on quotations (made_at);
create index quotations_until on quotations (until_day);
