-- The way K-10 is counted is a rule like those of K-01 and K-03, so that it stands in the table and can be changed there.
insert into rules (kind, subject, effective_from, recorded_at, recorded_by, source, body) values
  ('kpi_variant', 'k10', '2022-09-01T00:00:00+00:00', '2026-12-05T00:00:00+00:00', null, '设计默认值，待采购人确认',
   '{"kpi":"k10","variant":"calls"}');
