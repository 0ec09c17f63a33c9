-- Several servers on one database. A server of an earlier version goes on beside this: it names its
-- columns, and every new one has a value without it.

-- The servers that run, or ran lately. Times are the database's own: clocks of servers may differ.
create table server (
  run text not null primary key,
  number bigint not null unique,
  address text not null,
  until bigint not null,
  ended_at bigint
);
-- Runs that were on at the same time are of one generation: each knows what the others did.
alter table run add column generation bigint not null default 0;
-- The fleet's authority, so that no server with another one comes in.
alter table fleet add column authority text;

-- The server to which the host's agent is connected, and what it last reported there.
alter table host add column holder text;
alter table host add column report text;
-- The server that works on it by itself.
alter table operation add column server text;

-- What transactions have changed, for the memory of other servers.
create table news (
  transaction_id bigint not null primary key,
  what text not null,
  written_at bigint not null
);
-- What is asked of hosts whose agents are connected to other servers.
create table ask (
  id text not null primary key,
  host text not null,
  question text not null,
  created_at bigint not null
);
create index ask_host on ask (host);
-- Which hosts are bringing a base or about to.
create table bringing (
  base text not null,
  host text not null,
  noted_at bigint not null,
  primary key (base, host)
);
create index operation_host on operation (host) where state = 'RUNNING';
create index operation_server on operation (server) where server is not null;
