-- The hosts that belong to the fleet, and the tokens with which others may join.

create table member (
  host text not null primary key,
  name text not null,
  cluster text,
  tags text not null,
  maintenance boolean not null,
  key_sha256 text,
  joined_at bigint not null,
  removed_at bigint
);
-- A host that was removed does not hold its name.
create unique index member_name on member (name) where removed_at is null;

create table join_token (
  secret_sha256 text not null primary key,
  cluster text,
  tags text not null,
  expires_at bigint not null,
  host text
);
