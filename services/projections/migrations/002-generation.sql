-- Raised by every swap: a writer that began before it starts over from the new tables.
create table views.generation (
  one boolean primary key default true check (one),
  number integer not null
);
insert into views.generation values (true, 1);
