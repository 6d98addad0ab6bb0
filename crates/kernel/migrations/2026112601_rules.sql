create table rules (
  kind text not null,
  subject text not null,
  effective_from timestamptz not null,
  recorded_at timestamptz not null,
  recorded_by uuid,
  source text not null,
  body jsonb not null,
  primary key (kind, subject, effective_from, recorded_at)
);
