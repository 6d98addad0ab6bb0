-- Within how many working days of a policy change the articles say what holds (K-32).
insert into rules (kind, subject, effective_from, recorded_at, recorded_by, source, body) values
  ('knowledge_term', 'policy.update', '2022-09-01T00:00:00+00:00', '2026-11-27T00:00:00+00:00', null,
   '指标 K-32；工作日数为设计默认值，待采购人确认', '{"code":"policy.update","working_days":1}');
