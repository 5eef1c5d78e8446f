-- What is known of each slice and each day: what was asked, what came, what it was published from, what is due again.

create table ops.slice (
  slice_id bigint generated always as identity primary key,
  run_id uuid references ops.run,
  platform text not null,
  account_id text not null,
  from_date date not null,
  to_date date not null,
  outcome text not null default 'running' check (outcome in ('running', 'done', 'failed', 'cancelled')),
  failure_kind text,
  failure text,
  remedy text,
  rows_read bigint not null default 0,
  rows_written bigint not null default 0,
  attempts integer not null default 1,
  platform_spend numeric(24, 6),
  our_spend numeric(24, 6),
  started_at timestamptz not null default now(),
  finished_at timestamptz
);
create index slice_by_account on ops.slice (platform, account_id, started_at desc);
comment on table ops.slice is 'One row per attempted slice: an account and a window of its days.';

-- Conversions may change alone: then what explains the spend has to be at hand (residual_cause). Sums are wider than
-- facts: those of absurd figures must be found and named, rather than end the statement that makes them.
create table ops.account_day (
  platform text not null,
  account_id text not null,
  date date not null,
  state text not null default 'not_fetched'
    check (state in ('complete', 'no_spend', 'not_fetched', 'failed', 'account_closed')),
  platform_spend numeric(24, 6),
  our_spend numeric(24, 6),
  difference numeric(24, 6),
  rounding numeric(18, 6),
  residual_spend numeric(24, 6),
  cause text,
  residual_cause text,
  fetched_at timestamptz,
  slice_id bigint,
  primary key (platform, account_id, date)
);
create index account_day_by_date on ops.account_day (date);
comment on table ops.account_day is 'One row per account and day that was ever asked for: what is known about its figures. platform_spend is the platform''s own total, our_spend the sum of the rows fetched for it, difference platform minus ours.';
comment on column ops.account_day.rounding is 'How much of a difference the platform''s rounding explains on that day; see warehouse.rounding.';
comment on column ops.account_day.residual_cause is 'The part of cause that says what residual_spend is.';

create function ops.differs(day ops.account_day) returns boolean
language sql immutable parallel safe as $$
  select abs(coalesce($1.difference, 0)) > coalesce($1.rounding, 0)
$$;
comment on function ops.differs is 'Whether a day''s figures are off the platform''s own total by more than rounding explains.';

-- What slices but this one did to the days of a window, as a text that changes with every day that one publishes or
-- confirms: a slice that finds another text at its end than at its beginning was overtaken.
create function ops.others_in(of_platform text, of_account text, first date, last date, own_slice bigint) returns text
language plpgsql as $$
begin
  return (
    select string_agg(date || ' ' || slice_id || ' ' || fetched_at, ', ' order by date)
    from ops.account_day
    where platform = of_platform and account_id = of_account and date between first and last and slice_id <> own_slice);
end
$$;

-- No other slice of the account publishes from here on. What others did is asked for after the wait.
create function ops.hold_publishing(
  account_key integer, of_platform text, of_account text, first date, last date, own_slice bigint
) returns text
language plpgsql as $$
begin
  perform ops.hold('costper.publish', account_key);
  return ops.others_in(of_platform, of_account, first, last, own_slice);
end
$$;

-- Conversions of a month move every night, its spend hardly ever: what a day was published from is known of each part.
create table ops.day_fingerprint (
  account_key integer not null,
  date date not null,
  part text not null,
  fingerprint text not null,
  published text not null,
  primary key (account_key, date, part)
);
comment on table ops.day_fingerprint is 'What each part (delivery, outcome) of each published day came from: fingerprint is made of the rows that the platform answered, whatever their order, published of the counts and sums that they came to in the warehouse. A part whose both still hold is left alone.';

-- Which days' clicks are kept: platforms drop them after some months, and each day is a query of its own.
create table ops.click_day (
  platform text not null,
  account_id text not null,
  date date not null,
  clicks bigint not null,
  is_settled boolean not null,
  fetched_at timestamptz not null default now(),
  primary key (platform, account_id, date)
);
comment on table ops.click_day is 'One row per account and day whose click report is in warehouse.click. A day that is not settled is asked for again.';

create table ops.breakdown_day (
  account_key integer not null,
  date date not null,
  breakdown text not null,
  fetched_at timestamptz not null default clock_timestamp(),
  primary key (account_key, date, breakdown)
);
comment on table ops.breakdown_day is 'Which account-days were asked for by which breakdown, and when last. A day that was never asked for has no row of that breakdown in the marts.';
comment on column ops.breakdown_day.breakdown is 'device, country, keyword or search_term.';

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
