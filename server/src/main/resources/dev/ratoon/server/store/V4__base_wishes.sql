-- What hosts are to do for base disks, beside what their VMs need; and operations about that.

create table base_wish (
  host text not null references host (id) on delete cascade,
  base text not null,
  task text not null,
  tenant text not null references tenant (id),
  revision bigint not null,
  primary key (host, base, task)
);
create index base_wish_base on base_wish (base);

alter table operation add column base text;
alter table operation add column host text;
