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

create index on warehouse.click (platform, account_id, date);
