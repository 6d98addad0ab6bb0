alter table tickets add column incident_address text;
update tickets set incident_address = (select incident_address from work_orders where work_orders.ticket_id = tickets.id)
where id in (select ticket_id from work_orders where incident_address is not null);
alter table work_orders drop column incident_address;
create index tickets_incident_address on tickets (opened_at, id) where incident_address is not null;
