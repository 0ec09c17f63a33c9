-- Policies by which unused base disks leave caches, when each was used last, and what is to leave.

-- scope: 'fleet', 'host:' and an id, or 'share:' and a name
create table cache_policy (
  scope text primary key,
  policy text not null
);

-- cache: 'host:' and an id, or 'share:' and a name
create table base_use (
  cache text not null,
  base text not null,
  used_at bigint not null,
  primary key (cache, base)
);

create table removal (
  host text not null references host (id) on delete cascade,
  base text not null,
  tenant text not null references tenant (id),
  revision bigint not null,
  asked_at bigint not null,
  primary key (host, base)
);

create table clean_run (
  id integer primary key,
  ran_at bigint not null
);
