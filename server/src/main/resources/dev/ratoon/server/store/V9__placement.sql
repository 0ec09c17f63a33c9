-- How many processors each VM was promised, and the group of VMs that it is kept apart from or together with.
alter table vm add column cpus integer not null default 1;
-- A VM's spec begins with its processors, at most 512.
update vm set cpus = cast(replace(replace(substr(spec, 9, 3), ',', ''), '"', '') as integer)
where spec like '{"cpus":%';
alter table vm add column placement_group text;
create index vm_placement_group on vm (tenant, placement_group) where placement_group is not null;

-- How much of a base disk is missing where another one is; computed when one of the two is imported.
create table base_kin (
  base text not null,
  relative text not null,
  missing_bytes bigint not null,
  primary key (base, relative)
);
