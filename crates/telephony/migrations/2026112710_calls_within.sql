alter table outbound_calls add column within_call uuid;
create index outbound_calls_within on outbound_calls (within_call, state);
