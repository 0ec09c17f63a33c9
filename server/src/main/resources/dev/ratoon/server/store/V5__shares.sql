-- The caches that several hosts share. What credentials there are leaves this table only towards hosts.

create table share (
  name text not null primary key,
  kind text not null,
  location text not null,
  hosts text not null,
  cluster text,
  credentials text,
  founder text not null,
  marker text,
  fill text not null,
  created_at bigint not null
);
