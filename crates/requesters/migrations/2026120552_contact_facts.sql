insert into rules (kind, subject, effective_from, recorded_at, recorded_by, source, body) values
  ('personal_information', 'contact_facts', '2022-09-01T00:00:00+00:00', '2026-12-05T00:00:00+00:00', null, '设计默认值，待采购人确认',
   '{"code":"contact_facts","what":"接触事实中的诉求人标识（不含姓名和号码）","columns":["contact_facts.requester_id"],"purpose":"计算一次解决率等运营指标","basis":"履行合同","keep_days":1095,"seen_by":[],"sensitive":false,"kept_on_request":null,"kept_at_end":null}');
