-- The list of clauses (履约清单) asks each kind of proof for its latest row.
create index training_sessions_closed_at on training_sessions (closed_at);
create index typing_tests_ended_at on typing_tests (ended_at);
create index exam_attempts_handed_in_at on exam_attempts (handed_in_at);
