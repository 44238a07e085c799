-- What a record of a rebuild would say to the usage log, where the log was told something else: the
-- statement itself, so that news of the log settles it without reading the record again.
alter table views.state drop column owes, add column owes bytea;
drop table if exists views_next.state, views_next.cdr;

create or replace function views.create_cdr(into_schema text) returns void language plpgsql as $$
begin
  execute format('create table %I.state (
    id uuid primary key,
    started_at bigint,
    state bytea,
    said bytea,
    redirect uuid,
    owes bytea
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
