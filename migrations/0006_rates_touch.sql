-- A rate that is new or changed makes the marts' days that it converts due again.
create function warehouse.touch_converted_days() returns trigger
language plpgsql as $$
begin
  -- A rollup under way has not seen the new rates, and its rows cannot be seen here: wait until it has committed.
  -- Rollups that begin after this wait for the rates.
  perform pg_advisory_xact_lock(hashtext('costper.rates'), 0);
  insert into ops.touched_day (account_key, date)
  select distinct m.account_key, m.date
  from (select min(rate_date) as first, max(rate_date) + 10 as last from changed_rates) r
  join marts.cost_per_conversion_daily m on m.date between r.first and r.last
  where m.reporting_currency is not null and m.reporting_currency <> m.currency
  on conflict do nothing;
  return null;
end
$$;
comment on function warehouse.touch_converted_days is 'Marks the account-days whose amounts are converted by rates that changed.';

create trigger touch_after_insert after insert on warehouse.exchange_rate
referencing new table as changed_rates for each statement execute function warehouse.touch_converted_days();
create trigger touch_after_update after update on warehouse.exchange_rate
referencing new table as changed_rates for each statement execute function warehouse.touch_converted_days();
