insert into rules (kind, subject, effective_from, recorded_at, recorded_by, source, body) values
  ('outbound_purpose', 'desk_phone', '2026-01-01T00:00:00+00:00', '2026-11-26T00:00:00+00:00', null,
   '设计默认值，待采购人确认', '{"code":"desk_phone","name":"话机直拨","link":"desk_phone","note":false,"active":true}');
