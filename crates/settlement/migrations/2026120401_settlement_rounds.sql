create table price_proposals (
  id uuid primary key,
  contract_id uuid not null references service_contracts (id),
  from_day text not null,
  price_fen bigint not null,
  source text not null,
  state text not null,
  proposed_by uuid,
  proposed_at timestamptz not null,
  decided_by uuid,
  decided_at timestamptz,
  note text,
  updated_at timestamptz not null,
  version bigint not null
);
create index price_proposals_proposed on price_proposals (proposed_at, id);
create unique index price_proposals_open on price_proposals (contract_id, from_day) where state = 'proposed';
create table contract_counting (
  id uuid primary key,
  contract_id uuid not null references service_contracts (id),
  from_day text not null,
  method text not null,
  payment_start text not null,
  presence jsonb not null,
  recorded_by uuid,
  recorded_at timestamptz not null
);
create index contract_counting_of on contract_counting (contract_id, from_day);
create table statement_papers (
  id uuid primary key,
  statement_id uuid not null references statements (id),
  round bigint not null,
  stage text not null,
  path text not null,
  sha256 text not null,
  total_fen bigint not null,
  frozen_at timestamptz not null
);
create unique index statement_papers_of on statement_papers (statement_id, round, stage);
create table statement_rounds (
  id uuid primary key,
  statement_id uuid not null references statements (id),
  round bigint not null,
  submitted_at timestamptz not null,
  total_fen bigint not null,
  sha256 text not null,
  lines jsonb not null
);
create unique index statement_rounds_of on statement_rounds (statement_id, round);
create table statement_days (
  id uuid primary key,
  statement_id uuid not null references statements (id),
  line_id uuid not null references statement_lines (id),
  record_id uuid not null,
  day text not null,
  person text not null,
  presence text not null,
  minutes bigint not null,
  halves bigint not null,
  source text not null,
  source_id uuid,
  sha256 text not null
);
create index statement_days_of on statement_days (line_id, day);
create index statement_days_statement on statement_days (statement_id);
alter table service_contracts add column next_reminder_at timestamptz;
create index service_contracts_reminder on service_contracts (next_reminder_at);
create index service_contracts_begins on service_contracts (begins_on, id);
alter table statements add column basis jsonb;
alter table statements add column checks jsonb;
alter table statements add column objected_fen bigint not null default 0;
alter table statements add column carried_fen bigint not null default 0;
alter table statements add column carried_into uuid;
alter table statements add column late boolean not null default false;
alter table statement_lines add column objected boolean not null default false;
alter table statement_objections add column amount_fen bigint;
drop index statement_invoices_number;
create unique index statement_invoices_number on statement_invoices (coalesce(code, ''), number) where state <> 'returned';
alter table statement_invoices add column handed_on text;
alter table statement_invoices add column handed_how text;
alter table statement_invoices add column handed_proof text;
alter table statement_invoices add column due_from text;
alter table settlement_adjustments add column proposed_side text not null default 'supplier';
create index settlement_adjustments_proposed on settlement_adjustments (proposed_at, id);
insert into rules (kind, subject, effective_from, recorded_at, recorded_by, source, body) values
  ('contract_terms', 'terms', '2022-09-01T00:00:00+00:00', '2026-12-04T00:00:00+00:00', null,
   '采购需求书 A-62、A-63、A-66、A-67；提醒的天数和预警线为设计默认值，待采购人确认',
   '{"months":12,"seats":6,"cap_fen":60000000,"tax_bp":600,"review_days":10,"payment_days":30,"warn_bp":9000,"statement_lead_days":7,"statement_grace_days":5,"soon_days":3,"end_reminder_days":[90,60,30]}'),
  ('submission_check', 'insurance', '2022-09-01T00:00:00+00:00', '2026-12-04T00:00:00+00:00', null,
   '采购需求书 A-58；不齐不得提交为设计默认值，待采购人确认', '{"check":"insurance","blocks":true}'),
  ('submission_check', 'wages', '2022-09-01T00:00:00+00:00', '2026-12-04T00:00:00+00:00', null,
   '采购需求书 A-59；仅提示为设计默认值，待采购人确认', '{"check":"wages","blocks":false}'),
  ('submission_check', 'employer', '2022-09-01T00:00:00+00:00', '2026-12-04T00:00:00+00:00', null,
   '采购需求书 A-60；仅提示为设计默认值，待采购人确认', '{"check":"employer","blocks":false}'),
  ('submission_check', 'attendance', '2022-09-01T00:00:00+00:00', '2026-12-04T00:00:00+00:00', null,
   '采购需求书 A-64；考勤有变须重新编制为设计默认值，待采购人确认', '{"check":"attendance","blocks":true}'),
  ('export_limit', 'statements', '2022-09-01T00:00:00+00:00', '2026-12-04T00:00:00+00:00', null,
   '设计默认值：一期费用结算表连同逐日依据，待采购人确认', '{"kind":"statements","rows":2000,"rows_a_day":10000}'),
  ('submission_check', 'open_questions', '2022-09-01T00:00:00+00:00', '2026-12-04T00:00:00+00:00', null,
   '待澄清清单；仅提示为设计默认值，待采购人确认', '{"check":"open_questions","blocks":false}');
