-- The list of clauses (履约清单) asks each kind of proof for its latest row.
create index contact_records_completed_at on contact_records (completed_at);
create index instructions_submitted_at on instructions (submitted_at);
