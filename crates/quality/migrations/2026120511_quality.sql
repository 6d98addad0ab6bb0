create table score_cards (
  id uuid primary key,
  name text not null,
  current_n integer,
  state text not null,
  created_by uuid,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null
);
create unique index score_cards_name on score_cards (name);
create table score_card_versions (
  id uuid primary key,
  card_id uuid not null references score_cards (id),
  n integer not null,
  state text not null,
  body jsonb not null,
  note text not null,
  written_by uuid,
  published_by uuid,
  published_at timestamptz,
  updated_at timestamptz not null,
  version bigint not null
);
create unique index score_card_versions_n on score_card_versions (card_id, n);
create table sampling_draws (
  id uuid primary key,
  plan_code text not null,
  plan jsonb not null,
  period_from timestamptz not null,
  period_until timestamptz not null,
  seed text not null,
  by_chance_at timestamptz,
  drawn_by uuid,
  drawn_at timestamptz not null,
  candidates integer not null,
  drawn integer not null,
  agents jsonb not null,
  state text not null,
  updated_at timestamptz not null,
  version bigint not null
);
create unique index sampling_draws_period on sampling_draws (plan_code, period_from, period_until);
create index sampling_draws_at on sampling_draws (drawn_at, id);
create table evaluations (
  id uuid primary key,
  number text not null,
  kind text not null,
  contact_id uuid not null,
  label text not null,
  channel text not null,
  queue text,
  agent_id uuid not null,
  complained_id uuid,
  began_at timestamptz not null,
  ended_at timestamptz,
  duration_ms bigint,
  outcome text,
  satisfaction text,
  recorded boolean not null,
  draw_id uuid references sampling_draws (id),
  origins jsonb not null,
  origin_note text not null,
  drawn_by uuid,
  drawn_at timestamptz not null,
  reviewer_id uuid,
  second_id uuid,
  standing_id uuid,
  standing_by uuid,
  purchaser_by uuid,
  tenths integer,
  passed boolean,
  fatal jsonb not null,
  purchaser_tenths integer,
  gap_tenths integer,
  unsettled text,
  scored_at timestamptz,
  released_at timestamptz,
  appeal text,
  appealed_at timestamptz,
  appeal_answer text,
  final_at timestamptz,
  corrective_id uuid,
  void_reason text,
  state text not null,
  open boolean not null,
  overdue boolean not null,
  due_at timestamptz,
  next_alarm_at timestamptz,
  updated_at timestamptz not null,
  version bigint not null
);
create unique index evaluations_number on evaluations (number);
create unique index evaluations_contact on evaluations (kind, contact_id);
create index evaluations_drawn on evaluations (drawn_at, id);
create index evaluations_agent on evaluations (agent_id, drawn_at);
create index evaluations_draw on evaluations (draw_id);
create index evaluations_state on evaluations (state, drawn_at);
create index evaluations_final on evaluations (final_at);
create index evaluations_alarm on evaluations (next_alarm_at);
create table evaluation_scores (
  id uuid primary key,
  evaluation_id uuid not null references evaluations (id),
  n integer not null,
  kind text not null,
  reviewer_id uuid not null,
  card_version_id uuid not null references score_card_versions (id),
  marks jsonb not null,
  tenths integer not null,
  passed boolean not null,
  fatal jsonb not null,
  at timestamptz not null,
  shown_at timestamptz
);
create unique index evaluation_scores_n on evaluation_scores (evaluation_id, n);
create table call_signals (
  call_id uuid primary key,
  measured_at timestamptz not null,
  duration_ms bigint not null,
  silence_ms bigint not null,
  longest_silence_ms bigint not null,
  overlap_ms bigint not null,
  requester_ms bigint not null,
  agent_ms bigint not null,
  body jsonb not null
);
create table calibrations (
  id uuid primary key,
  number text not null,
  title text not null,
  kind text not null,
  contact_id uuid not null,
  label text not null,
  agent_id uuid not null,
  evaluation_id uuid references evaluations (id),
  card_version_id uuid not null references score_card_versions (id),
  expert_id uuid not null,
  opened_by uuid,
  opened_at timestamptz not null,
  revealed_at timestamptz,
  state text not null,
  updated_at timestamptz not null,
  version bigint not null
);
create index calibrations_opened on calibrations (opened_at, id);
create table calibration_scores (
  calibration_id uuid not null references calibrations (id),
  reviewer_id uuid not null,
  marks jsonb not null,
  tenths integer not null,
  passed boolean not null,
  fatal jsonb not null,
  at timestamptz not null,
  primary key (calibration_id, reviewer_id)
);
create table corrective_actions (
  id uuid primary key,
  number text not null,
  source text not null,
  source_id uuid,
  source_label text not null,
  title text not null,
  problem text not null,
  cause text,
  action text,
  owner_id uuid not null,
  about_id uuid,
  complained_id uuid,
  opened_by uuid,
  opened_at timestamptz not null,
  done_by uuid,
  done_at timestamptz,
  done_note text,
  verified_by uuid,
  verified_at timestamptz,
  opinion text,
  closed_by uuid,
  closed_at timestamptz,
  coaching boolean not null,
  coaching_id uuid,
  coached_at timestamptz,
  rounds integer not null,
  state text not null,
  open boolean not null,
  overdue boolean not null,
  due_at timestamptz,
  next_alarm_at timestamptz,
  updated_at timestamptz not null,
  version bigint not null
);
create unique index corrective_actions_number on corrective_actions (number);
create index corrective_actions_opened on corrective_actions (opened_at, id);
create index corrective_actions_source on corrective_actions (source_id);
create index corrective_actions_coaching on corrective_actions (coaching_id);
create index corrective_actions_alarm on corrective_actions (next_alarm_at);
create table quality_lines (
  id uuid primary key,
  subject_kind text not null,
  subject_id uuid not null,
  at timestamptz not null,
  who_id uuid,
  who_name text not null,
  action text not null,
  note text
);
create index quality_lines_subject on quality_lines (subject_id, at);
