create table service_contracts (
  id uuid primary key,
  number text not null,
  title text not null,
  begins_on text not null,
  ends_on text not null,
  months bigint not null,
  seats bigint not null,
  cap_fen bigint not null,
  tax_included boolean not null,
  tax_bp bigint not null,
  review_days bigint not null,
  payment_days bigint not null,
  statement_days jsonb not null,
  state text not null,
  signed_by uuid,
  signed_at timestamptz,
  created_by uuid,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null
);
create table price_rows (
  id uuid primary key,
  contract_id uuid not null references service_contracts (id),
  from_day text not null,
  price_fen bigint not null,
  source text not null,
  recorded_by uuid,
  recorded_at timestamptz not null
);
create unique index price_rows_of on price_rows (contract_id, from_day);
create table attendance_sheets (
  id uuid primary key,
  from_day text not null,
  until_day text not null,
  row_count bigint not null,
  sha256 text not null,
  note text,
  state text not null,
  submitted_by uuid,
  submitted_at timestamptz not null,
  decided_by uuid,
  decided_at timestamptz,
  updated_at timestamptz not null,
  version bigint not null
);
create index attendance_sheets_state on attendance_sheets (state, submitted_at);
create table attendance_days (
  id uuid primary key,
  sheet_id uuid not null references attendance_sheets (id),
  day text not null,
  seat bigint not null,
  person text not null,
  presence text not null,
  minutes bigint not null,
  sha256 text not null
);
create unique index attendance_days_of on attendance_days (sheet_id, day, seat, person);
create index attendance_days_day on attendance_days (day);
create table statements (
  id uuid primary key,
  contract_id uuid not null references service_contracts (id),
  number text not null,
  half bigint not null,
  from_month bigint not null,
  until_month bigint not null,
  from_day text not null,
  until_day text not null,
  due_on text not null,
  state text not null,
  open boolean not null,
  rules jsonb not null,
  lines_fen bigint not null,
  adjustment_fen bigint not null,
  total_fen bigint not null,
  paid_fen bigint not null,
  sha256 text,
  round bigint not null,
  drawn_by uuid,
  drawn_at timestamptz,
  submitted_at timestamptz,
  confirmed_by uuid,
  confirmed_at timestamptz,
  opinion text,
  due_at timestamptz,
  overdue boolean not null,
  next_alarm_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null
);
create unique index statements_of on statements (contract_id, half);
create index statements_created on statements (created_at, id);
create index statements_alarm on statements (next_alarm_at);
create table statement_lines (
  id uuid primary key,
  statement_id uuid not null references statements (id),
  month bigint not null,
  seat bigint not null,
  amount_fen bigint not null,
  body jsonb not null
);
create unique index statement_lines_of on statement_lines (statement_id, month, seat);
create table statement_objections (
  id uuid primary key,
  statement_id uuid not null references statements (id),
  round bigint not null,
  month bigint,
  seat bigint,
  said text not null,
  said_by uuid,
  said_at timestamptz not null
);
create index statement_objections_of on statement_objections (statement_id, round);
create table statement_invoices (
  id uuid primary key,
  statement_id uuid not null references statements (id),
  code text,
  number text not null,
  tax_bp bigint not null,
  amount_fen bigint not null,
  issued_on text not null,
  received_on text,
  state text not null,
  note text,
  recorded_by uuid,
  recorded_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null
);
create unique index statement_invoices_number on statement_invoices (number);
create index statement_invoices_of on statement_invoices (statement_id);
create table statement_payments (
  id uuid primary key,
  statement_id uuid not null references statements (id),
  amount_fen bigint not null,
  paid_on text not null,
  receipt_no text not null,
  recorded_by uuid,
  recorded_at timestamptz not null
);
create unique index statement_payments_receipt on statement_payments (receipt_no);
create index statement_payments_of on statement_payments (statement_id);
create table settlement_adjustments (
  id uuid primary key,
  statement_id uuid not null references statements (id),
  line_id uuid not null references statement_lines (id),
  month bigint not null,
  seat bigint not null,
  before_fen bigint not null,
  after_fen bigint not null,
  delta_fen bigint not null,
  body jsonb not null,
  reason text not null,
  state text not null,
  settled_in uuid references statements (id),
  receipt_no text,
  proposed_by uuid,
  proposed_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null
);
create index settlement_adjustments_of on settlement_adjustments (statement_id);
create index settlement_adjustments_state on settlement_adjustments (state);
create table settlement_trail (
  id uuid primary key,
  subject_kind text not null,
  subject_id uuid not null,
  at timestamptz not null,
  who_id uuid,
  who_name text not null,
  action text not null,
  note text
);
create index settlement_trail_of on settlement_trail (subject_id, at);
insert into rules (kind, subject, effective_from, recorded_at, recorded_by, source, body) values
  ('presence_count', 'present', '2022-09-01T00:00:00+00:00', '2026-12-03T00:00:00+00:00', null,
   '设计默认值，待采购人答复', '{"kind":"present","halves":2}'),
  ('presence_count', 'half_day', '2022-09-01T00:00:00+00:00', '2026-12-03T00:00:00+00:00', null,
   '设计默认值，待采购人答复', '{"kind":"half_day","halves":1}'),
  ('presence_count', 'late', '2022-09-01T00:00:00+00:00', '2026-12-03T00:00:00+00:00', null,
   '设计默认值，待采购人答复', '{"kind":"late","halves":2,"half_under_minutes":420,"none_under_minutes":210}'),
  ('presence_count', 'substitute', '2022-09-01T00:00:00+00:00', '2026-12-03T00:00:00+00:00', null,
   '设计默认值，待采购人答复', '{"kind":"substitute","halves":2}'),
  ('presence_count', 'purchaser_training', '2022-09-01T00:00:00+00:00', '2026-12-03T00:00:00+00:00', null,
   '设计默认值，待采购人答复', '{"kind":"purchaser_training","halves":2}'),
  ('presence_count', 'paid_leave', '2022-09-01T00:00:00+00:00', '2026-12-03T00:00:00+00:00', null,
   '设计默认值，待采购人答复', '{"kind":"paid_leave","halves":0}'),
  ('presence_count', 'sick_leave', '2022-09-01T00:00:00+00:00', '2026-12-03T00:00:00+00:00', null,
   '设计默认值，待采购人答复', '{"kind":"sick_leave","halves":0}'),
  ('presence_count', 'unpaid_leave', '2022-09-01T00:00:00+00:00', '2026-12-03T00:00:00+00:00', null,
   '设计默认值，待采购人答复', '{"kind":"unpaid_leave","halves":0}'),
  ('presence_count', 'overtime', '2022-09-01T00:00:00+00:00', '2026-12-03T00:00:00+00:00', null,
   '设计默认值，待采购人答复', '{"kind":"overtime","halves":0}'),
  ('presence_count', 'absent', '2022-09-01T00:00:00+00:00', '2026-12-03T00:00:00+00:00', null,
   '设计默认值，待采购人答复', '{"kind":"absent","halves":0}'),
  ('settlement_answer', 'pro_rata', '2022-09-01T00:00:00+00:00', '2026-12-03T00:00:00+00:00', null,
   '设计默认值，待采购人答复', '{"question":"pro_rata","answer":"working_days"}'),
  ('settlement_answer', 'presence', '2022-09-01T00:00:00+00:00', '2026-12-03T00:00:00+00:00', null,
   '设计默认值，待采购人答复', '{"question":"presence","answer":"table"}'),
  ('settlement_answer', 'billing_months', '2022-09-01T00:00:00+00:00', '2026-12-03T00:00:00+00:00', null,
   '设计默认值，待采购人答复', '{"question":"billing_months","answer":"contract"}'),
  ('settlement_answer', 'statement_dates', '2022-09-01T00:00:00+00:00', '2026-12-03T00:00:00+00:00', null,
   '设计默认值，待采购人答复', '{"question":"statement_dates","answer":"half_year_end"}'),
  ('settlement_answer', 'payment_start', '2022-09-01T00:00:00+00:00', '2026-12-03T00:00:00+00:00', null,
   '设计默认值，待采购人答复', '{"question":"payment_start","answer":"later"}'),
  ('settlement_answer', 'emergency_overtime', '2022-09-01T00:00:00+00:00', '2026-12-03T00:00:00+00:00', null,
   '设计默认值，待采购人答复', '{"question":"emergency_overtime","answer":"in_price"}'),
  ('settlement_answer', 'statutory_holidays', '2022-09-01T00:00:00+00:00', '2026-12-03T00:00:00+00:00', null,
   '设计默认值，待采购人答复', '{"question":"statutory_holidays","answer":"by_law"}'),
  ('settlement_answer', 'age_limit', '2022-09-01T00:00:00+00:00', '2026-12-03T00:00:00+00:00', null,
   '设计默认值，待采购人答复', '{"question":"age_limit","answer":"inclusive"}'),
  ('settlement_answer', 'recruitment_fee_cap', '2022-09-01T00:00:00+00:00', '2026-12-03T00:00:00+00:00', null,
   '设计默认值，待采购人答复', '{"question":"recruitment_fee_cap","answer":"none"}'),
  ('settlement_answer', 'demand_deadline', '2022-09-01T00:00:00+00:00', '2026-12-03T00:00:00+00:00', null,
   '设计默认值，待采购人答复', '{"question":"demand_deadline","answer":"ten_working_days"}'),
  ('settlement_answer', 'platforms', '2022-09-01T00:00:00+00:00', '2026-12-03T00:00:00+00:00', null,
   '设计默认值，待采购人答复', '{"question":"platforms","answer":"12345"}'),
  ('settlement_answer', 'recording_retention', '2022-09-01T00:00:00+00:00', '2026-12-03T00:00:00+00:00', null,
   '设计默认值，待采购人答复', '{"question":"recording_retention","answer":"contract_term"}'),
  ('settlement_answer', 'division_of_work', '2022-09-01T00:00:00+00:00', '2026-12-03T00:00:00+00:00', null,
   '设计默认值，待采购人答复', '{"question":"division_of_work","answer":"purchaser_signs"}'),
  ('settlement_answer', 'transition_gates', '2022-09-01T00:00:00+00:00', '2026-12-03T00:00:00+00:00', null,
   '设计默认值，待采购人答复', '{"question":"transition_gates","answer":"grace"}');
