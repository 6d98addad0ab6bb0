insert into rules (kind, subject, effective_from, recorded_at, recorded_by, source, body) values
  ('personal_information', 'leave', '2022-09-01T00:00:00+00:00', '2026-12-04T00:00:00+00:00', null, '设计默认值，待采购人确认',
   '{"code":"leave","what":"请假的假别和事由（病假涉及健康）、出勤记录的假别","columns":["leave_requests.kind","leave_requests.reason","attendance_records.leave_kind"],"purpose":"安排人员，证明到岗，据实结算","basis":"履行合同","keep_days":1095,"seen_by":["agent","shift_lead","ops_manager","hr_compliance","purchaser_admin","purchaser_reviewer"],"sensitive":true}');
