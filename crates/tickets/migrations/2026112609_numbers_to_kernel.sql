insert into numbers (key, last) select key, last from case_numbers;
drop table case_numbers;
