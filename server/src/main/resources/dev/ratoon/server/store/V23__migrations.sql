-- VMs on their way from one host to another, and what is still to be removed afterwards. The epoch is the one that the
-- target gets: with the VM it names the migration.
create table migration (
  vm text not null,
  epoch bigint not null,
  operation text not null,
  source text not null,
  target text not null,
  mode text not null,
  phase text not null,
  power text not null,
  grace_seconds integer not null,
  desired text not null,
  moved text,
  primary key (vm, epoch)
);
create index migration_source on migration (source);
create index migration_target on migration (target);
