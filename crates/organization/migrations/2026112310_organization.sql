create table parties (
  id uuid primary key,
  side text not null,
  name text not null,
  created_at timestamptz not null
);
create unique index parties_side on parties (side);
create table users (
  id uuid primary key,
  username text not null,
  name text not null,
  staff_no text,
  department text not null,
  party_id uuid not null references parties (id),
  password_hash text not null,
  password_changed_at timestamptz not null,
  must_change_password boolean not null default false,
  demo_secret boolean not null default false,
  totp_pending text,
  totp_secret text,
  totp_last_step bigint,
  failed_sign_ins integer not null default 0,
  locked_until timestamptz,
  last_sign_in_at timestamptz,
  disabled boolean not null default false,
  version bigint not null,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create unique index users_username on users (username);
create unique index users_staff_no on users (staff_no);
create index users_created_at on users (created_at, id);
create table user_roles (
  user_id uuid not null references users (id),
  role text not null,
  primary key (user_id, role)
);
create table former_passwords (
  id uuid primary key,
  user_id uuid not null references users (id),
  password_hash text not null,
  replaced_at timestamptz not null
);
create index former_passwords_user on former_passwords (user_id, replaced_at);
create table sessions (
  id uuid primary key,
  user_id uuid not null references users (id),
  token_hash text not null,
  created_at timestamptz not null,
  last_seen_at timestamptz not null,
  expires_at timestamptz not null,
  ended_at timestamptz,
  end_reason text,
  remote_addr text not null,
  user_agent text not null
);
create unique index sessions_token_hash on sessions (token_hash);
create index sessions_user on sessions (user_id, ended_at);
create index sessions_open on sessions (ended_at, last_seen_at);
create table devices (
  id uuid primary key,
  user_id uuid not null references users (id),
  kind text not null,
  label text not null,
  username text not null,
  realm text not null,
  ha1 text not null,
  demo_secret boolean not null default false,
  secret_changed_at timestamptz not null,
  created_at timestamptz not null
);
create index devices_username on devices (username);
create index devices_user on devices (user_id);
create table calendar_years (
  year integer primary key,
  published boolean not null default false,
  source text not null,
  version bigint not null,
  updated_at timestamptz not null
);
create table calendar_days (
  year integer not null references calendar_years (year),
  day text not null,
  kind text not null,
  name text not null,
  primary key (year, day)
);
create table service_hours (
  version bigint primary key,
  periods jsonb not null,
  late_receipt_is_next_day boolean not null default false,
  set_at timestamptz not null
);
