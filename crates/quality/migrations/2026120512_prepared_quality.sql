insert into rules (kind, subject, effective_from, recorded_at, recorded_by, source, body) values
  ('sampling_plan', 'monthly', '2022-09-01T00:00:00+00:00', '2026-12-05T00:00:00+00:00', null,
   '设计默认值：不少于 2 %、每人每月不少于 10 件，投诉和不满意全检，待采购人确认',
   '{"code":"monthly","name":"月度抽检","kinds":["call","conversation","work_order"],"share_bp":200,"per_agent":10,"complaints":true,"dissatisfied":true,"silence_seconds":60,"repeat_hours":null,"active":true}'),
  ('quality_term', 'appeal', '2022-09-01T00:00:00+00:00', '2026-12-05T00:00:00+00:00', null,
   '设计默认值，待采购人确认', '{"code":"appeal","amount":5}'),
  ('quality_term', 'appeal_answer', '2022-09-01T00:00:00+00:00', '2026-12-05T00:00:00+00:00', null,
   '设计默认值，待采购人确认', '{"code":"appeal_answer","amount":5}'),
  ('quality_term', 'difference', '2022-09-01T00:00:00+00:00', '2026-12-05T00:00:00+00:00', null,
   '设计默认值，待采购人确认', '{"code":"difference","amount":50}'),
  ('quality_term', 'corrective', '2022-09-01T00:00:00+00:00', '2026-12-05T00:00:00+00:00', null,
   '设计默认值，待采购人确认', '{"code":"corrective","amount":5}');
