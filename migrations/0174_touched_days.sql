-- One mark of what is dirty: days of an account whose marts are to be made again. A row is a stretch of days, and rows are
-- only ever added and taken: who marks waits for no rollup, and a mark that comes while one runs is another row.
create table ops.touched_days (
  account_key integer not null,
  from_date date not null,
  to_date date not null,
  check (from_date <= to_date)
);
create index touched_days_account on ops.touched_days (account_key, from_date);
comment on table ops.touched_days is 'Days of accounts whose marts are to be made again: docs/what-is-dirty.md says who marks them. Written in the transaction that changes what the marts are made from; taken away by the rollup that makes them again.';

insert into ops.touched_days (account_key, from_date, to_date)
select account_key, min(date), max(date)
from (select account_key, date, date - row_number() over (partition by account_key order by date)::integer as stretch
      from ops.touched_day) marked
group by account_key, stretch;
drop table ops.touched_day;

-- Whoever writes rates marks what they convert.
drop trigger touch_after_insert on warehouse.exchange_rate;
drop trigger touch_after_update on warehouse.exchange_rate;
drop function warehouse.touch_converted_days;

comment on table ops.rollup_setting is 'What was chosen when something was last made by it: no mark, but the memory that tells a new choice from an old one.';
