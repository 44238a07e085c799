-- A part's number is never given again: slot ids in the journal name it long after it was dropped.
create sequence vault.part_number as integer;
select setval('vault.part_number', greatest(1, (select coalesce(max(part), 0) + 1 from vault.part)), false);
