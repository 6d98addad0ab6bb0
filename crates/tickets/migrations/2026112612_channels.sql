alter table contact_records add column channel text not null default 'voice';
alter table contact_records add column articles jsonb not null default '[]';
create index contact_records_channel on contact_records (channel, started_at, id);
