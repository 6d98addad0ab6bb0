alter table queues add column serve_after_closing_s integer not null default 900;
alter table queues add column after_closing text not null default 'message_box';
