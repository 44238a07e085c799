-- What must be known of an identifier at its first sighting in a month. `directory` is the entry of
-- the key that tag and value are made with, so that a rewrite can stand beside what it replaces.
create table vault.mark (
  directory bytea not null,
  tag bytea not null,
  sealed bytea not null,
  primary key (directory, tag)
);
