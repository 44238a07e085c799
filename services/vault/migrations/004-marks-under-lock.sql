-- Locks the marks, shared until the transaction ends, and only then reads them: each statement of a
-- volatile function has a snapshot of its own, which the one statement that makes slots has not.
create function vault.marks_under_lock(of_directory bytea, of_tags bytea[])
returns table (tag bytea, sealed bytea)
language plpgsql volatile as $$
begin
  perform pg_advisory_xact_lock_shared(hashtext('tollbook vault marks'));
  return query
    select mark.tag, mark.sealed from vault.mark as mark
    where mark.directory = of_directory and mark.tag = any (of_tags);
end
$$;
