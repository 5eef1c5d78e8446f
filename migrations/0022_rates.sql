-- What one unit of a currency was worth in another on a day, and what rounding to its smallest amount may explain.

create table warehouse.exchange_rate (
  rate_date date not null,
  base text not null,
  quote text not null,
  rate numeric(24, 12) not null check (rate > 0),
  source text not null,
  loaded_at timestamptz not null default now(),
  primary key (base, quote, rate_date)
);
comment on table warehouse.exchange_rate is 'Published daily exchange rates: one unit of base costs rate units of quote.';
comment on column warehouse.exchange_rate.rate_date is 'Day for which the rate was published.';
comment on column warehouse.exchange_rate.base is 'ISO 4217 code of the one unit.';
comment on column warehouse.exchange_rate.quote is 'ISO 4217 code of the price.';
comment on column warehouse.exchange_rate.rate is 'Units of quote for one unit of base.';
comment on column warehouse.exchange_rate.source is 'Where the rate comes from: ecb, or the name of an imported file.';
comment on column warehouse.exchange_rate.loaded_at is 'When the rate was loaded.';

-- The last rate of a stored pair, whichever way round it was stored; the newer of the two, where both are.
create function warehouse.published_rate(day date, base_currency text, quote_currency text) returns numeric
language plpgsql stable strict parallel safe as $$
declare
  found_rate numeric;
begin
  select candidate.rate into found_rate
  from (
    (select rate_date, rate, 0 as turned
     from warehouse.exchange_rate
     where base = base_currency and quote = quote_currency and rate_date between day - 10 and day
     order by rate_date desc limit 1)
    union all
    (select rate_date, 1 / rate, 1
     from warehouse.exchange_rate
     where base = quote_currency and quote = base_currency and rate_date between day - 10 and day
     order by rate_date desc limit 1)
  ) candidate
  order by candidate.rate_date desc, candidate.turned
  limit 1;
  return found_rate;
end
$$;
comment on function warehouse.published_rate is 'Units of quote_currency for one unit of base_currency: the last rate of that pair, stored either way round, on or before the day and at most ten days old. NULL where there is none.';

-- plpgsql rather than sql: a function with sub-selects is not inlined, and plpgsql keeps its plan for the session.
-- One call costs one to three look-ups at the end of a primary key range, some ten microseconds. A statement over
-- many rows calls it once per distinct day and currency (a materialized CTE), not once per row.
create function warehouse.rate_on(day date, from_currency text, to_currency text) returns numeric
language plpgsql stable strict parallel safe as $$
declare
  direct numeric;
begin
  if from_currency = to_currency then
    return 1;
  end if;
  direct := warehouse.published_rate(day, from_currency, to_currency);
  if direct is not null or 'EUR' in (from_currency, to_currency) then
    return direct;
  end if;
  -- One division of the two published figures: inverting first would round twice.
  return warehouse.published_rate(day, 'EUR', to_currency) / warehouse.published_rate(day, 'EUR', from_currency);
end
$$;
comment on function warehouse.rate_on is 'Units of to_currency for one unit of from_currency on a day: the last published rate on or before it, at most ten days old (weekends, holidays). A stored pair wins over the cross rate through EUR; 1 for the same currency; NULL where no rate is known. In large statements call it once per distinct day and currency.';

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
