insert into rules (kind, subject, effective_from, recorded_at, recorded_by, source, body) values
  ('personal_information', 'statement_days', '2022-09-01T00:00:00+00:00', '2026-12-04T00:00:00+00:00', null, '设计默认值，待采购人确认',
   '{"code":"statement_days","what":"费用结算表的逐日依据：座席上人员的姓名或工号","columns":["statement_days.person"],"purpose":"证明结算金额的依据，据实结算","basis":"履行合同","keep_days":1095,"seen_by":["ops_manager","hr_compliance","liaison","counterpart","purchaser_admin","purchaser_reviewer"],"sensitive":false}');
