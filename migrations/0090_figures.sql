-- What rounding may explain, in one place: platforms round each row to the currency's unit, and each total once.
create function warehouse.currency_unit(currency text) returns numeric
language sql immutable parallel safe as $$
  select case
    when $1 in ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI', 'VND', 'VUV',
                'XAF', 'XOF', 'XPF') then 1
    when $1 in ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') then 0.001
    when $1 in ('CLF', 'UYW') then 0.0001
    else 0.01 end
$$;
comment on function warehouse.currency_unit is 'The smallest amount of a currency by ISO 4217: yen 1, euro 0.01, dinar 0.001.';

create function warehouse.rounding(currency text, row_count bigint) returns numeric
language sql immutable parallel safe as $$
  select (coalesce($2, 0) + 1) * warehouse.currency_unit($1) / 2
$$;
comment on function warehouse.rounding is 'How far the sum of so many rounded amounts may be from their rounded total: half a unit of the currency for each of them and for the total.';

alter table ops.account_day add column rounding numeric(18, 6);
comment on column ops.account_day.rounding is 'How much of a difference the platform''s rounding explains on that day; see warehouse.rounding.';
update ops.account_day set rounding = 0.01 where state in ('complete', 'no_spend');

create function ops.differs(day ops.account_day) returns boolean
language sql immutable parallel safe as $$
  select abs(coalesce($1.difference, 0)) > coalesce($1.rounding, 0)
$$;
comment on function ops.differs is 'Whether a day''s figures are off the platform''s own total by more than rounding explains.';

-- Sums of absurd figures must be found and named, rather than end the statement that makes them.
alter table ops.account_day
  alter column platform_spend type numeric(24, 6), alter column our_spend type numeric(24, 6),
  alter column difference type numeric(24, 6), alter column residual_spend type numeric(24, 6);
alter table ops.slice
  alter column platform_spend type numeric(24, 6), alter column our_spend type numeric(24, 6);
alter table staging.delivery_part
  alter column spend type numeric(38, 6), alter column impressions type numeric(38), alter column clicks type numeric(38);
alter table staging.outcome_part
  alter column conversions type numeric(38, 6), alter column conversion_value type numeric(38, 6),
  alter column primary_conversions type numeric(38, 6), alter column primary_conversion_value type numeric(38, 6),
  alter column all_conversions type numeric(38, 6), alter column all_conversion_value type numeric(38, 6);
alter table staging.campaign_daily
  alter column spend type numeric(38, 6), alter column impressions type numeric(38), alter column clicks type numeric(38);
alter table staging.campaign_conversion_daily
  alter column conversions type numeric(38, 6), alter column conversion_value type numeric(38, 6),
  alter column primary_conversions type numeric(38, 6), alter column primary_conversion_value type numeric(38, 6),
  alter column all_conversions type numeric(38, 6), alter column all_conversion_value type numeric(38, 6);

-- A day that was fetched before it had ended is not whole, whatever it came to.
update ops.account_day d
set state = 'not_fetched', cause = 'fetched before the day had ended'
from warehouse.account a
where a.platform = d.platform and a.account_id = d.account_id and d.state in ('complete', 'no_spend')
  and d.fetched_at < (d.date + 1)::timestamp at time zone a.time_zone;
