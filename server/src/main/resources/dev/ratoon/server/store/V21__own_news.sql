-- Whose news it is: a server need not read again what it has written itself. Empty from earlier versions.
alter table news add column server text;
