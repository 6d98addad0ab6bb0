insert into rules (kind, subject, effective_from, recorded_at, recorded_by, source, body) values
  ('personal_information', 'attendance', '2022-09-01T00:00:00+00:00', '2026-12-03T00:00:00+00:00', null, '设计默认值，待采购人确认',
   '{"code":"attendance","what":"考勤：打卡的网络地址和终端、考勤表的姓名、结算经过中的操作人","columns":["punches.address","punches.device","attendance_days.person","settlement_trail.who_name"],"purpose":"证明到岗，据实结算","basis":"履行合同","keep_days":1095,"seen_by":["shift_lead","ops_manager","hr_compliance","purchaser_admin","purchaser_reviewer"],"sensitive":false}');
