create table sampling_lots (
  draw_id uuid not null references sampling_draws (id),
  agent_id uuid not null,
  kind text not null,
  contacts integer not null,
  ids text not null,
  primary key (draw_id, agent_id, kind)
);
alter table evaluations add column due_rule text;
insert into rules (kind, subject, effective_from, recorded_at, recorded_by, source, body) values
  ('quality_term', 'scoring', '2022-09-01T00:00:00+00:00', '2026-12-05T00:00:00+00:00', null,
   '设计默认值，待采购人确认', '{"code":"scoring","amount":10}'),
  ('quality_term', 'release', '2022-09-01T00:00:00+00:00', '2026-12-05T00:00:00+00:00', null,
   '设计默认值，待采购人确认', '{"code":"release","amount":3}');
