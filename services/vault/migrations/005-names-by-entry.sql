-- A turn looks for the names of what it destroys.
create index name_entry on vault.name (entry);
