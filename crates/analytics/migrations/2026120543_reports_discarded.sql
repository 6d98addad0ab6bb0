-- A draft that was discarded leaves its place to the next one.
drop index reports_of;
create unique index reports_of on reports (template_id, from_day, revision) where state <> 'discarded';
