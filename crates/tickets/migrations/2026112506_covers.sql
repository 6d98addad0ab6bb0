create table cover_plans (
  owner_id uuid primary key,
  version bigint not null
);
create table covers (
  id uuid primary key,
  owner_id uuid not null,
  user_id uuid not null,
  deputy boolean not null,
  from_day text not null,
  to_day text
);
create index covers_owner on covers (owner_id, from_day);
create index covers_user on covers (user_id, from_day);
create table owner_absences (
  id uuid primary key,
  user_id uuid not null,
  from_day text not null,
  to_day text not null
);
create index owner_absences_to_day on owner_absences (to_day, user_id);
create index owner_absences_user on owner_absences (user_id);
