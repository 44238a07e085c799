-- The key tree: root -> parts -> branches -> leaves -> entries. Every bytea named wrap, page, key or
-- sealed is a ciphertext. `generation` is that of the turn (or creation) that drew the node's own
-- key, `wrapped_at` that of the parent's key in `wrap`; once the parent turned, its page holds the
-- key and `wrap` is dead.

create table vault.root (
  only_row boolean primary key default true check (only_row),
  generation integer not null,
  key bytea not null,
  page bytea not null
);

-- Leaves, fresh entries and directory rows of a part stand in tables of their own
-- (leaf_N, fresh_N, directory_N), which are dropped with the part.
create table vault.part (
  part integer primary key,
  name text not null unique,
  generation integer not null,
  wrapped_at integer not null,
  wrap bytea not null,
  page bytea not null
);

create table vault.branch (
  part integer not null,
  branch integer not null,
  generation integer not null,
  wrapped_at integer not null,
  wrap bytea not null,
  page bytea not null,
  primary key (part, branch)
);

alter table vault.root alter column page set storage external;
alter table vault.part alter column page set storage external;
alter table vault.branch alter column page set storage external;

-- Entries that are found by name: epochs, account scopes, id keys, ... `ended_at` is the generation
-- whose turn destroyed the key.
create table vault.name (
  name text primary key,
  number integer not null generated always as identity,
  entry bytea not null,
  ended_at integer
);

-- What each turn destroyed: caches of other processes drop it, readers answer "shredded".
create table vault.destroyed (
  entry bytea primary key,
  generation integer not null
);
create index destroyed_generation on vault.destroyed (generation);
