-- How much one host may move, where that is not the fleet's setting.
alter table member add column limit_bytes bigint;

-- The starts of this server. A database that was restored does not know of those after its backup.
create table run (
  name text not null primary key,
  started_at bigint not null
);
-- The host's revision when the run began that is on now: no earlier run made a newer one.
alter table host add column began bigint not null default 0;
-- What an operator has agreed that the host gives up for this database.
alter table host add column replaces text;
