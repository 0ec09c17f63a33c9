-- A host that knows a revision from here on is told what has changed since; one that knows an older
-- one is told all, as VMs have left it.
alter table host add column left_revision bigint not null default 0;

-- What has changed is looked up by it, and what is to be purged.
drop index vm_host;
create index vm_host on vm (host, desired_revision);
create index vm_purging on vm (host) where power = 'PURGED';
