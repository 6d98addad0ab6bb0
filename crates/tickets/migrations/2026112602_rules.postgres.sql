insert into rules (kind, subject, effective_from, recorded_at, recorded_by, source, body)
select 'ticket_limit', coalesce(nullif(platform, ''), '*') || '/' || coalesce(nullif(request_type, ''), '*') || '/' || coalesce(nullif(priority, ''), '*'), effective_from, recorded_at, recorded_by, source,
  jsonb_build_object('platform', nullif(platform, ''),
    'request_type', nullif(request_type, ''),
    'priority', nullif(priority, ''),
    'handle', jsonb_build_object('unit', handle_unit, 'n', handle_n),
    'sign', jsonb_build_object('unit', sign_unit, 'n', sign_n),
    'returns', returns,
    'extensions', extensions,
    'reopenings', reopenings,
    'attempts', attempts,
    'transfer_minutes', transfer_minutes,
    'sign_off', sign_off,
    'revisit', revisit,
    'active', active)
from ticket_limits;
drop table ticket_limits;
insert into rules (kind, subject, effective_from, recorded_at, recorded_by, source, body)
select 'dispatch_rule', coalesce(nullif(platform, ''), '*') || '/' || coalesce(nullif(section, ''), '*') || '/' || coalesce(nullif(matter, ''), '*'), effective_from, recorded_at, recorded_by, source,
  jsonb_build_object('name', name,
    'platform', nullif(platform, ''),
    'section', nullif(section, ''),
    'matter', nullif(matter, ''),
    'way', way,
    'agents', agents,
    'active', active)
from dispatch_rules;
drop table dispatch_rules;
insert into rules (kind, subject, effective_from, recorded_at, recorded_by, source, body)
select 'case_term', code, effective_from, recorded_at, recorded_by, source,
  jsonb_build_object('code', code,
    'span', jsonb_build_object('unit', unit, 'n', n))
from case_terms;
drop table case_terms;
insert into rules (kind, subject, effective_from, recorded_at, recorded_by, source, body)
select 'escalation_level', cast(level as text), effective_from, recorded_at, recorded_by, source,
  jsonb_build_object('level', level,
    'role', role,
    'service_minutes', service_minutes,
    'active', active)
from escalation_levels;
drop table escalation_levels;
insert into rules (kind, subject, effective_from, recorded_at, recorded_by, source, body)
select 'emergency_category', code, effective_from, recorded_at, recorded_by, source,
  jsonb_build_object('code', code,
    'name', name,
    'position', position,
    'active', active)
from emergency_categories;
drop table emergency_categories;
insert into rules (kind, subject, effective_from, recorded_at, recorded_by, source, body)
select 'emergency_way', role || '/' || way, effective_from, recorded_at, recorded_by, source,
  jsonb_build_object('role', role,
    'way', way,
    'active', active)
from emergency_ways;
drop table emergency_ways;
