insert into case_numbers (key, last) select 'SJ' || day, last from ticket_counters;
drop table ticket_counters;
