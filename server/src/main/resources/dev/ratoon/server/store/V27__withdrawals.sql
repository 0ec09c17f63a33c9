-- Base disks that are about to leave shared caches: asked of all hosts, then removed by one.

create table withdrawal (
  share text not null,
  base text not null,
  order_id text not null,
  step integer not null,
  -- the host that is told to remove it, once all have promised that nothing stands on it
  remover text,
  recalled boolean not null default false,
  operation text not null,
  asked_at bigint not null,
  -- when it became as it is
  changed_at bigint not null,
  primary key (share, base)
);
