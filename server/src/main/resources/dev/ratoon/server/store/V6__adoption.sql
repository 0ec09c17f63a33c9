-- Paths on hosts where disks lay before Ratoon came, and what these are to be.

create table adoption (
  host text not null,
  path text not null,
  wish text not null,
  previous text,
  revision bigint not null,
  operation text,
  primary key (host, path)
);
