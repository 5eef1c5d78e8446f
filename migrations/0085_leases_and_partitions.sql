-- Locks that outlast a transaction: a row with a lease, since a pooler lends another connection to every transaction.
create table ops.lease (
  name text primary key,
  holder text not null,
  held_until timestamptz not null
);
comment on table ops.lease is 'Who works alone at something: the renewal of a token, an interrupted sync. Ends by itself when its holder says nothing.';
comment on column ops.lease.name is 'What is held.';
comment on column ops.lease.holder is 'The process that holds it: host, process id and a mark of its own.';
comment on column ops.lease.held_until is 'When it ends unless it is renewed.';

-- Monthly partitions are no tables to look at: they live where analysts do not.
create schema partitions;
comment on schema partitions is 'The monthly parts of partitioned tables, named schema_table_month; ask the table itself.';

create or replace function warehouse.ensure_partition(parent regclass, day date) returns void
language plpgsql as $$
declare
  month_start date := date_trunc('month', day::timestamp)::date;
  month_end date := (date_trunc('month', day::timestamp) + interval '1 month')::date;
  partition_name text;
begin
  select n.nspname || '_' || c.relname || '_' || to_char(month_start, 'YYYYMM') into partition_name
  from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = parent;
  if to_regclass(format('partitions.%I', partition_name)) is not null then
    return;
  end if;
  perform pg_advisory_xact_lock(hashtext('costper.partition'), hashtext(parent::text));
  -- Asked of the table itself: a name that was missing a moment ago is remembered as missing.
  if exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace
             where n.nspname = 'partitions' and c.relname = partition_name) then
    return;
  end if;
  execute format('create table partitions.%I (like %s including all)', partition_name, parent);
  execute format('alter table %s attach partition partitions.%I for values from (%L) to (%L)',
                 parent, partition_name, month_start, month_end);
end
$$;

do $$
declare
  part record;
begin
  for part in
    select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relispartition and c.relkind = 'r' and n.nspname in ('warehouse', 'marts')
  loop
    execute format('alter table %I.%I rename to %I', part.nspname, part.relname, part.nspname || '_' || part.relname);
    execute format('alter table %I.%I set schema partitions', part.nspname, part.nspname || '_' || part.relname);
  end loop;
end
$$;
