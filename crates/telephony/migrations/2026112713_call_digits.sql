create index calls_last_digits on calls (substr(caller, length(caller) - 3), arrived_at);
