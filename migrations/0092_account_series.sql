-- An account whose currency or time zone changed at the platform goes on as a new series, with a key of its own: all
-- that is kept by key stays in one currency and one zone.
alter table warehouse.account
  drop constraint account_platform_account_id_key,
  add column series_from date,
  add column series_to date;
comment on column warehouse.account.series_from is 'First day of this series, where the account''s currency or time zone changed before it; NULL for the first series.';
comment on column warehouse.account.series_to is 'Last day of this series, after which the account''s currency or time zone is another; NULL for the series that goes on.';
create unique index account_current on warehouse.account (platform, account_id) where series_to is null;
create index account_by_id on warehouse.account (platform, account_id);
