alter table evaluations add column given_to jsonb not null default '[]';
