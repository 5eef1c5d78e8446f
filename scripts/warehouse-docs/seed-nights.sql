-- What the nights before would have left: the history, and how complete days are at each age.

-- Each day was first seen the next morning, with three quarters of its conversions; a week later with all of them.
delete from marts.cost_per_conversion_history;
insert into marts.cost_per_conversion_history
  (account_key, date, platform, account_id, campaign_id, observed_at, currency, spend, impressions, clicks, conversions,
   conversion_value, organic_conversions, cost_per_conversion)
select account_key, date, platform, account_id, campaign_id, (date + age)::timestamp at time zone 'UTC', currency, spend,
       impressions, clicks, conversions * share, conversion_value * share, organic_conversions,
       figures.ratio(spend, conversions * share)
from marts.cost_per_conversion_daily, (values (1, 0.75), (8, 1.0)) as seen (age, share)
where conversions > 0 or age = 1;

insert into marts.conversion_maturity (platform, account_id, age_days, share, learned_from_days, basis, updated_at)
select platform, account_id, age, round(1 - 0.35 * power(0.7, age), 3), 30, 'account', '2026-11-01 03:40Z'
from warehouse.account, generate_series(0, restatement_days) as age;
