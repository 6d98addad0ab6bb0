alter table requesters add column channel text;
alter table requesters add column nickname text;
update requesters set
  channel = (select i.channel from requester_identities i where i.requester_id = requesters.id),
  nickname = (select i.nickname from requester_identities i where i.requester_id = requesters.id)
where phone_kind = 'none';
