-- Whether the VMs of a host are to go elsewhere.
alter table member add column draining boolean not null default false;

-- The most that a tenant may have; null for no bound.
alter table tenant add column quota_vms bigint;
alter table tenant add column quota_memory_bytes bigint;
alter table tenant add column quota_disk_bytes bigint;

-- What a VM's disks may grow to together; null of those that were made before, whose specs say it.
alter table vm add column grown_bytes bigint;
