create table demands (
  id uuid primary key,
  number text not null,
  kind text not null,
  staff_id uuid references staff (id),
  people integer not null,
  reason text not null,
  plan text,
  planned_on text,
  return_reason text,
  state text not null,
  open boolean not null,
  overdue boolean not null,
  due_at timestamptz,
  next_alarm_at timestamptz,
  raised_by uuid,
  raised_at timestamptz not null,
  verified_by uuid,
  verified_at timestamptz,
  updated_at timestamptz not null,
  version bigint not null
);
create index demands_open on demands (open, raised_at);
create index demands_alarm on demands (next_alarm_at);
create table replacements (
  id uuid primary key,
  number text not null,
  staff_id uuid not null references staff (id),
  post_id text references posts (id),
  demand_id uuid references demands (id),
  cause text not null,
  reason text not null,
  sudden boolean not null,
  notice_on text,
  last_day text not null,
  candidate_id uuid references staff (id),
  equivalence jsonb,
  equivalence_waiver text,
  return_reason text,
  on_post_on text,
  state text not null,
  open boolean not null,
  overdue boolean not null,
  due_at timestamptz,
  next_alarm_at timestamptz,
  source_event text,
  raised_by uuid,
  raised_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null
);
create unique index replacements_source on replacements (source_event);
create index replacements_open on replacements (open, raised_at);
create index replacements_staff on replacements (staff_id, open);
create index replacements_alarm on replacements (next_alarm_at);
create table handovers (
  id uuid primary key,
  replacement_id uuid not null references replacements (id),
  ticket_id uuid not null,
  number text not null,
  title text not null,
  to_id uuid not null,
  offered_by uuid,
  offered_at timestamptz not null,
  accepted_at timestamptz,
  declined_at timestamptz,
  note text
);
create index handovers_replacement on handovers (replacement_id, offered_at);
create index handovers_to on handovers (to_id, accepted_at);
create table transitions (
  id uuid primary key,
  number text not null,
  predecessor text not null,
  go_live_on text not null,
  exempt_until text,
  state text not null,
  signed_off_by uuid,
  signed_off_at timestamptz,
  completed_at timestamptz,
  created_by uuid,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null
);
create table transition_people (
  id uuid primary key,
  transition_id uuid not null references transitions (id),
  staff_id uuid not null references staff (id),
  post_id text not null references posts (id),
  willing text not null,
  note text,
  resigned_on text,
  updated_at timestamptz not null
);
create unique index transition_people_staff on transition_people (transition_id, staff_id);
create unique index transition_people_post on transition_people (transition_id, post_id);
create table transition_items (
  id uuid primary key,
  transition_id uuid not null references transitions (id),
  kind text not null,
  title text not null,
  note text,
  done_on text,
  done_by uuid,
  at timestamptz not null
);
create index transition_items_transition on transition_items (transition_id, at);
create table recruitment_fees (
  id uuid primary key,
  staff_id uuid not null references staff (id),
  payee text not null,
  amount_fen bigint not null,
  invoice_no text,
  paid_on text,
  receipt_no text,
  note text,
  state text not null,
  recorded_by uuid,
  recorded_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null
);
create index recruitment_fees_at on recruitment_fees (recorded_at);
