-- The filter of an export may hold somebody's number: `target` shows it masked, the whole address is sealed.
alter table export_requests add column target_sealed text;
