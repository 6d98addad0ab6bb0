alter table evaluations add column voided_by uuid;
alter table evaluations add column voided_at timestamptz;
alter table evaluations add column replaces_id uuid;
create index evaluations_replaces on evaluations (replaces_id);
insert into rules (kind, subject, effective_from, recorded_at, recorded_by, source, body) values
  ('quality_term', 'reminder', '2022-09-01T00:00:00+00:00', '2026-12-05T00:00:00+00:00', null,
   '设计默认值，待采购人确认', '{"code":"reminder","amount":1}');
