-- The list of clauses (履约清单) asks each kind of proof for its latest row.
create index daily_checks_at on daily_checks (at);
create index supply_moves_at on supply_moves (at);
