-- How the host's history stands to this database, as the server says to which it reports.
alter table host add column standing text;
