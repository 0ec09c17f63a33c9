-- Runs on SQLite and on PostgreSQL. Times are milliseconds since 1970, ids are UUIDs as text.

create table fleet (
  id integer not null primary key check (id = 1),
  incarnation text not null,
  settings text not null
);

create table tenant (
  id text not null primary key,
  created_at bigint not null
);

create table token (
  tenant text not null references tenant (id),
  name text not null,
  sha256 text not null unique,
  permissions text not null,
  created_at bigint not null,
  primary key (tenant, name)
);

create table host (
  id text not null primary key,
  revision bigint not null,
  facts text not null,
  reported_at bigint not null
);

create table image (
  tenant text not null references tenant (id),
  name text not null,
  tag text not null,
  disk_id text not null,
  size_bytes bigint not null,
  stored_bytes bigint not null,
  source_format text not null,
  firmware text not null,
  minimum_memory_bytes bigint not null,
  differencing boolean not null,
  created_at bigint not null,
  primary key (tenant, name, tag)
);

create table vm (
  id text not null primary key,
  tenant text not null references tenant (id),
  name text not null,
  host text not null references host (id),
  epoch bigint not null,
  power text not null,
  power_revision bigint not null,
  desired_revision bigint not null,
  stop_grace_seconds integer not null,
  memory_bytes bigint not null,
  spec text not null,
  disk_bytes bigint not null,
  created_at bigint not null,
  trashed_at bigint,
  first_started_at bigint,
  observed text
);
-- A VM in the trash does not hold its name.
create unique index vm_name on vm (tenant, name) where trashed_at is null;
create index vm_host on vm (host);
create index vm_trashed on vm (trashed_at) where trashed_at is not null;

create table vm_base (
  vm text not null references vm (id) on delete cascade,
  base text not null,
  primary key (base, vm)
);
create index vm_base_vm on vm_base (vm);

create table vm_mac (
  mac text not null primary key,
  vm text not null references vm (id) on delete cascade
);
create index vm_mac_vm on vm_mac (vm);

create table operation (
  id text not null primary key,
  tenant text not null references tenant (id),
  kind text not null,
  subject text not null,
  vm text,
  state text not null,
  power_revision bigint not null,
  steps text not null,
  problem text,
  result text,
  created_at bigint not null,
  ended_at bigint
);
create index operation_vm on operation (vm);
create index operation_running on operation (state) where state = 'RUNNING';

create table idempotency (
  tenant text not null references tenant (id),
  idempotency_key text not null,
  request_sha256 text not null,
  operations text not null,
  created_at bigint not null,
  primary key (tenant, idempotency_key)
);
