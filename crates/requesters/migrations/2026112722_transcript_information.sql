insert into rules (kind, subject, effective_from, recorded_at, recorded_by, source, body) values
  ('personal_information', 'transcripts', '2022-09-01T00:00:00+00:00', '2026-11-27T00:00:00+00:00', null, '设计默认值，待采购人确认',
   '{"code":"transcripts","what":"被抽检通话录音转写的文字；配置了转写服务时才有，随录音一同到期","columns":["call_transcripts.body"],"purpose":"服务质量监控","basis":"履行法定职责；来电语音告知录音","keep_days":1095,"seen_by":["agent","shift_lead","ops_manager","quality","trainer","purchaser_admin"],"sensitive":false,"kept_on_request":null,"kept_at_end":null}');
