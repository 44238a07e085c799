-- Tables of the views exist twice while one is rebuilt: live in schema `views`, and beside it in
-- `views_next`. So they are made by functions that take the schema; a later version of a view
-- replaces its function, and the rebuild makes the new shape.

create schema if not exists views_next;

-- How far each log has come into each family of views. Families: records (cdr, history,
-- quarantine), usage. `recorded_at` is the store's time of the last event taken in.
create table views.checkpoint (
  family text not null,
  log_no bigint not null,
  log text not null,
  position bigint not null,
  recorded_at bigint not null,
  primary key (family, log_no)
) with (fillfactor = 50);

-- Which version of the assembler made a view's rows.
create table views.made_by (
  view text primary key,
  assembler integer not null
);

-- Usage statements on their way to the usage log, in the order of the transactions that changed
-- them. `number` is what the log's head resumes from.
create table views.usage_outbox (
  number bigint primary key,
  entries bytea not null
);
alter table views.usage_outbox alter column entries set storage external;
create table views.usage_outbox_head (
  one boolean primary key default true check (one),
  number bigint not null
) with (fillfactor = 50);
insert into views.usage_outbox_head values (true, 0);

-- How far a source's own clock has come in each log, and when the store last heard of it.
create table views.source_clock (
  source text not null,
  log_no bigint not null,
  last_at bigint not null,
  recorded_at bigint not null,
  primary key (source, log_no)
) with (fillfactor = 50);

-- Up to which start the closer has looked, and which open calls it passed by.
create table views.closer (
  one boolean primary key default true check (one),
  looked_through bigint not null,
  waiting uuid[] not null
);
insert into views.closer values (true, 0, '{}');

-- The set behind each communication, and what the usage log was last told of it. A communication
-- that a link gave to another has `redirect` and no set. `owes`: a rebuild found that the usage log
-- says something else than this record. Dropped some weeks after the month.
create function views.create_cdr(into_schema text) returns void language plpgsql as $$
begin
  execute format('create table %I.state (
    id uuid primary key,
    started_at bigint,
    state bytea,
    said bytea,
    redirect uuid,
    owes boolean
  ) with (fillfactor = 70)', into_schema);
  -- Sealed bytes don't compress.
  execute format('alter table %I.state alter column state set storage external', into_schema);
  execute format('create table %I.cdr (
    id uuid not null,
    started_at bigint not null,
    kind text not null,
    direction text not null,
    status text not null,
    account_id text not null,
    source text not null,
    answered_at bigint,
    ended_at bigint,
    ring_ms bigint,
    talk_ms bigint,
    hold_ms bigint,
    billable_seconds integer not null,
    segments integer,
    disposition text not null,
    q850 integer,
    sip_status integer,
    hangup_party text,
    prefix text,
    country text,
    zone text,
    number_type text,
    service text,
    conflicts integer not null,
    detail json,
    parties bytea not null,
    refs bytea not null,
    positions bytea not null
  ) partition by range (started_at)', into_schema);
  execute format('alter table %I.cdr alter column refs set storage external,
    alter column parties set storage external, alter column positions set storage external', into_schema);
  execute format('alter table %I.cdr add primary key (id, started_at)', into_schema);
  execute format('create index cdr_newest on %I.cdr (started_at, id)', into_schema);
end
$$;

create function views.create_history(into_schema text) returns void language plpgsql as $$
begin
  execute format('create table %I.history (
    account_id text not null,
    started_at bigint not null,
    id uuid not null,
    kind text not null,
    direction text not null,
    thread bytea
  ) partition by range (started_at)', into_schema);
  -- Party index: slot to communications, within an account. It goes with the month and retention
  -- class (`epoch`) whose strip ends the numbers themselves.
  execute format('create table %I.party (
    epoch text not null,
    account_id text not null,
    slot bytea not null,
    started_at bigint not null,
    id uuid not null
  ) partition by list (epoch)', into_schema);
  execute format('alter table %I.history add primary key (account_id, started_at, id)', into_schema);
  execute format('create index history_thread on %I.history (account_id, thread, started_at, id)
    where thread is not null', into_schema);
  execute format('create index party_slot on %I.party (account_id, slot, started_at, id)', into_schema);
end
$$;

create function views.create_quarantine(into_schema text) returns void language plpgsql as $$
begin
  execute format('create table %I.quarantine (
    log_no bigint not null,
    position bigint not null,
    event_id uuid not null,
    type text not null,
    quarantined_id uuid not null,
    at bigint not null,
    source text not null,
    account_id text not null,
    reason text,
    format text,
    detail text,
    size bigint,
    sealed bytea,
    attempt bigint,
    outcome text,
    primary key (log_no, position)
  )', into_schema);
  execute format('create index quarantine_newest on %I.quarantine (at, log_no, position)
    where type = ''record.quarantined''', into_schema);
  execute format('create index quarantine_by_id on %I.quarantine (quarantined_id, attempt)', into_schema);
end
$$;

create function views.create_usage(into_schema text) returns void language plpgsql as $$
begin
  execute format('create table %I.usage (
    account_id text not null,
    day integer not null,
    direction text not null,
    kind text not null,
    prefix text not null,
    zone text not null,
    count bigint not null,
    seconds bigint not null,
    segments bigint not null,
    primary key (account_id, day, direction, kind, prefix, zone)
  ) with (fillfactor = 60)', into_schema);
end
$$;

-- The partition that holds `at` (µs), made in a month's first transaction.
create function views.add_month(into_schema text, parent text, at bigint) returns void language plpgsql as $$
declare
  month timestamp := date_trunc('month', to_timestamp(at / 1000000.0) at time zone 'UTC');
  child text := parent || '_' || to_char(month, 'YYYY_MM');
begin
  execute format('create table if not exists %I.%I partition of %I.%I for values from (%s) to (%s)',
    into_schema, child, into_schema, parent,
    (extract(epoch from month) * 1000000)::bigint,
    (extract(epoch from month + interval '1 month') * 1000000)::bigint);
end
$$;

create function views.add_epoch(into_schema text, epoch text) returns void language plpgsql as $$
begin
  execute format('create table if not exists %I.%I partition of %I.party for values in (%L)',
    into_schema, 'party_' || left(epoch, 30) || '_' || left(md5(epoch), 8), into_schema, epoch);
end
$$;

select views.create_cdr('views'), views.create_history('views'),
       views.create_quarantine('views'), views.create_usage('views');
insert into views.made_by values ('cdr', 1), ('history', 1), ('quarantine', 1), ('usage', 1);
