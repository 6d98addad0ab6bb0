-- The list of clauses (履约清单) asks each kind of proof for its latest row.
create index staff_evidence_checked_at on staff_evidence (checked_at);
create index replacements_raised_at on replacements (raised_at);
create index demands_raised_at on demands (raised_at);
create index leak_cases_reported_at on leak_cases (reported_at);
