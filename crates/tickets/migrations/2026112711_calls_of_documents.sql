alter table instructions add column call_id uuid;
alter table emergencies add column call_id uuid;
create index instructions_call on instructions (call_id, created_at);
create index emergencies_call on emergencies (call_id, raised_at);
