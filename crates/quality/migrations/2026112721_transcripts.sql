create table call_transcripts (
  call_id uuid primary key,
  state text not null,
  asked_by uuid,
  asked_at timestamptz not null,
  attempts integer not null,
  next_at timestamptz,
  failure text,
  ready_at timestamptz,
  model text not null,
  duration_ms bigint not null,
  body jsonb not null
);
create index call_transcripts_next on call_transcripts (next_at);
insert into rules (kind, subject, effective_from, recorded_at, recorded_by, source, body) values
  ('key_phrases', 'comfort', '2022-09-01T00:00:00+00:00', '2026-11-27T00:00:00+00:00', null,
   '设计默认值，待采购人确认',
   '{"code":"comfort","name":"安抚用语","kind":"comfort","lane":"agent","phrases":["您别着急","请您放心","非常抱歉","给您带来不便","理解您的心情","感谢您的耐心"],"active":true}'),
  ('key_phrases', 'forbidden', '2022-09-01T00:00:00+00:00', '2026-11-27T00:00:00+00:00', null,
   '设计默认值，待采购人确认',
   '{"code":"forbidden","name":"服务禁语","kind":"forbidden","lane":"agent","phrases":["不归我管","不归我们管","我不知道","你自己去查","没办法","你听不懂吗","不是跟你说过了","有意见你去投诉","快点说","急什么"],"active":true}');
