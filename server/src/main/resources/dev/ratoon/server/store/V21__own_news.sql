-- Whose news it is: a server need not read again what it has written itself. Empty from earlier versions.
alter table news add column server text;
-- The VMs that are just being deployed: what they were promised is not yet counted by their hosts.
create index vm_deploying on vm (host) where observed is null and trashed_at is null;
-- Which servers hosts report to.
create index host_holder on host (holder);
