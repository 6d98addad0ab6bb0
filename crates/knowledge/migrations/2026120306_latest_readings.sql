-- The list of clauses (履约清单) asks each kind of proof for its latest row.
create index readings_read_at on readings (read_at);
