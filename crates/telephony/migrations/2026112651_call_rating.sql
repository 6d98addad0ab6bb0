-- What the requester rated a call, 1 to 5 (K-05, A-08).
alter table calls add column rating integer;
create index calls_rated on calls (caller_hash, arrived_at);
