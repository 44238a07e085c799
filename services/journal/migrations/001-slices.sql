-- One head per log. The append updates it under its row lock, so the order of positions is the order
-- of commits. Half of each page stays free: the update then never touches an index (HOT).
create table journal.logs (
  id integer generated always as identity primary key,
  name text not null unique,
  position bigint not null default 0,
  resume bigint,
  -- µs since the epoch of the last slice; never goes back, so a log's slices lie in month order.
  recorded_at bigint not null default 0,
  -- Positions up to here were dropped with their month.
  dropped_through bigint not null default 0
) with (fillfactor = 50);

-- One row per slice. `frame` holds its events; see the service's README for the layout. No foreign
-- key: its check would lock the head of every log once more per slice.
create table journal.slices (
  log_id integer not null,
  first_position bigint not null,
  last_position bigint not null,
  recorded_at bigint not null,
  frame bytea not null,
  primary key (log_id, last_position, recorded_at)
) partition by range (recorded_at);

-- Sealed bytes don't compress; uncompressed and out of line, one event can be cut out of a slice.
alter table journal.slices alter column frame set storage external;

-- Events appended wherever the log ended: their ids, so that a repeat is answered as the first time.
create table journal.unconditional (
  log_id integer not null,
  event_id bytea not null,
  first_position bigint not null,
  last_position bigint not null,
  primary key (log_id, event_id)
);

-- Makes the partition for the month that holds `at` (µs). Attaching, unlike creating in place, does
-- not wait for readers.
create function journal.add_month(at bigint) returns void language plpgsql as $$
declare
  month timestamp := date_trunc('month', to_timestamp(at / 1000000.0) at time zone 'UTC');
  child text := 'slices_' || to_char(month, 'YYYY_MM');
begin
  perform pg_advisory_xact_lock(hashtext('tollbook journal months'));
  if to_regclass('journal.' || child) is not null then
    return;
  end if;
  execute format('create table journal.%I (like journal.slices including all)', child);
  execute format('alter table journal.slices attach partition journal.%I for values from (%s) to (%s)',
    child,
    (extract(epoch from month) * 1000000)::bigint,
    (extract(epoch from month + interval '1 month') * 1000000)::bigint);
end
$$;

-- Drops the month that holds `at` (µs), files and all. Positions of what stays do not move; a read
-- from before the cut begins behind it. Months go oldest first.
create function journal.drop_month(at bigint) returns void language plpgsql as $$
declare
  month timestamp := date_trunc('month', to_timestamp(at / 1000000.0) at time zone 'UTC');
  child text := 'slices_' || to_char(month, 'YYYY_MM');
  upper_bound bigint := (extract(epoch from month + interval '1 month') * 1000000)::bigint;
begin
  perform pg_advisory_xact_lock(hashtext('tollbook journal months'));
  if to_regclass('journal.' || child) is null then
    return;
  end if;
  if upper_bound > extract(epoch from clock_timestamp()) * 1000000 then
    raise exception 'month % has not ended', to_char(month, 'YYYY-MM');
  end if;
  if exists (select from journal.slices where recorded_at < upper_bound - 32 * 86400000000::bigint) then
    raise exception 'an older month than % is still there; drop it first', to_char(month, 'YYYY-MM');
  end if;
  execute format(
    'update journal.logs l set dropped_through = s.last_position
       from (select log_id, max(last_position) as last_position from journal.%I group by log_id) s
      where l.id = s.log_id', child);
  execute format('drop table journal.%I', child);
end
$$;
