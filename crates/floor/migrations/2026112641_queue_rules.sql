alter table queues add column widen jsonb not null default '[]';
alter table queues add column overflow_to text;
alter table queues add column overflow_after_s integer not null default 60;
alter table queues add column repeat_priority integer not null default 0;
alter table queues add column announce_every_s integer not null default 0;
alter table queues add column announce_position boolean not null default false;
alter table queues add column announce_wait boolean not null default false;
alter table queues add column callback_after_s integer;
alter table queues add column caller_id text;
