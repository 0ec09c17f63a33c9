-- Whether the VMs of a host are to go elsewhere.
alter table member add column draining boolean not null default false;
