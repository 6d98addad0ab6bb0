create table numbers (
  key text primary key,
  last bigint not null
);
