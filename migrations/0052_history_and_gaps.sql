-- What the marts of cost per conversion do not show: what the figures were before, what is left out of them, what is missing.

-- Rows are written in the order of the clock: a few pages of index find the changes of the last night.
create table marts.cost_per_conversion_history (
  account_key integer not null,
  date date not null,
  platform text not null,
  account_id text not null,
  campaign_id text not null,
  observed_at timestamptz not null,
  currency text not null,
  spend numeric(18, 6),
  impressions bigint,
  clicks bigint,
  conversions numeric(18, 6),
  conversion_value numeric(18, 6),
  organic_conversions numeric(18, 6),
  cost_per_conversion numeric(18, 6),
  primary key (account_key, date, campaign_id, observed_at)
) partition by range (date);
create index cost_per_conversion_history_observed on marts.cost_per_conversion_history
  using brin (observed_at) with (pages_per_range = 32);
comment on table marts.cost_per_conversion_history is 'Every change of a campaign-day''s figures: one row per account, date, campaign and change. A day that never moved has one row; one that vanished has a last row without figures.';
comment on column marts.cost_per_conversion_history.account_key is 'The account; see warehouse.account.';
comment on column marts.cost_per_conversion_history.date is 'Reporting day of the account.';
comment on column marts.cost_per_conversion_history.platform is 'Name of the ad platform, such as google; see warehouse.platform.';
comment on column marts.cost_per_conversion_history.account_id is 'The platform''s id of the account, bare.';
comment on column marts.cost_per_conversion_history.campaign_id is 'The platform''s campaign id; '''' where it names none.';
comment on column marts.cost_per_conversion_history.observed_at is 'From when on the figures stood like this.';
comment on column marts.cost_per_conversion_history.currency is 'ISO 4217 code of the amounts.';
comment on column marts.cost_per_conversion_history.spend is 'Paid spend in the account''s currency; NULL once the campaign-day had vanished.';
comment on column marts.cost_per_conversion_history.impressions is 'Paid impressions; NULL once the campaign-day had vanished.';
comment on column marts.cost_per_conversion_history.clicks is 'Paid clicks, as the platform counts them; NULL once the campaign-day had vanished.';
comment on column marts.cost_per_conversion_history.conversions is 'Paid conversions of counted actions; may be fractional; NULL once the campaign-day had vanished.';
comment on column marts.cost_per_conversion_history.conversion_value is 'Value of those conversions in the account''s currency; NULL once the campaign-day had vanished.';
comment on column marts.cost_per_conversion_history.organic_conversions is 'Conversions of counted actions that were left out because their traffic was organic; NULL once the campaign-day had vanished.';
comment on column marts.cost_per_conversion_history.cost_per_conversion is 'spend / conversions; NULL where conversions are 0 or the campaign-day had vanished.';

-- A function in plain SQL is planned with its parameters still open, which no machine can be chosen by. Ratios as
-- figures.ratio has them: who may call it need not see that schema.
create function marts.cost_per_conversion_as_of(moment timestamptz)
returns table (
  date date, platform text, account_id text, account_name text, campaign_id text, campaign_name text, currency text,
  spend numeric, impressions bigint, clicks bigint, conversions numeric, conversion_value numeric,
  organic_conversions numeric, cost_per_conversion numeric, cost_per_click numeric, conversion_rate numeric,
  return_on_ad_spend numeric, refreshed_at timestamptz
)
language plpgsql stable as $$
#variable_conflict use_column
begin
  return query
  select h.date, h.platform, h.account_id, a.name, h.campaign_id, c.name, h.currency,
         h.spend, h.impressions, h.clicks, h.conversions, h.conversion_value,
         h.organic_conversions, h.cost_per_conversion,
         case when abs(h.spend) < 999999999999 * abs(h.clicks) then round(h.spend / h.clicks, 6) end,
         case when abs(h.conversions) < 999999999999 * abs(h.clicks) then round(h.conversions / h.clicks, 6) end,
         case when abs(h.conversion_value) < 999999999999 * abs(h.spend) then round(h.conversion_value / h.spend, 6) end,
         h.observed_at
  from (
    select distinct on (account_key, date, campaign_id) *
    from marts.cost_per_conversion_history
    where observed_at <= moment
    order by account_key, date, campaign_id, observed_at desc
  ) h
  join warehouse.account a on a.account_key = h.account_key
  left join warehouse.campaign c on c.account_key = h.account_key and c.campaign_id = h.campaign_id
  where h.spend is not null;
end
$$;
comment on function marts.cost_per_conversion_as_of is 'The daily mart as it stood at a moment: keys and figures of then, names of today. Campaign-days that had vanished are left out.';

create view marts.organic_excluded_daily as
select date, platform, account_id, account_name, campaign_id, campaign_name, currency, source, conversion_action_id,
       sum(conversions)::numeric(18, 6) as conversions, sum(conversion_value)::numeric(18, 6) as conversion_value
from (
  select c.date, a.platform, a.account_id, a.name as account_name, c.campaign_id, p.name as campaign_name, a.currency,
         a.platform || ' ' || coalesce(nullif(n.name, ''), c.conversion_action_id) as source,
         c.conversion_action_id, c.conversions, c.conversion_value
  from warehouse.counted_conversion_daily c
  join warehouse.account a on a.account_key = c.account_key
  left join warehouse.campaign p on p.account_key = c.account_key and p.campaign_id = c.campaign_id
  left join warehouse.conversion_action n
    on n.account_key = c.account_key and n.conversion_action_id = c.conversion_action_id
  where c.traffic = 'organic'
) organic
group by date, platform, account_id, account_name, campaign_id, campaign_name, currency, source, conversion_action_id;
comment on view marts.organic_excluded_daily is 'What the cost per conversion leaves out because its traffic was organic: one row per account, date, campaign and action. Paid and organic together are all that the platforms reported for counted actions.';
comment on column marts.organic_excluded_daily.date is 'Reporting day of the account.';
comment on column marts.organic_excluded_daily.platform is 'Name of the ad platform, such as google; see warehouse.platform.';
comment on column marts.organic_excluded_daily.account_id is 'The platform''s id of the account, bare.';
comment on column marts.organic_excluded_daily.account_name is 'Name of the account today.';
comment on column marts.organic_excluded_daily.campaign_id is 'The campaign; '''' where the platform names none.';
comment on column marts.organic_excluded_daily.campaign_name is 'Name of the campaign today.';
comment on column marts.organic_excluded_daily.currency is 'ISO 4217 code of conversion_value.';
comment on column marts.organic_excluded_daily.source is 'Where the organic conversions come from: the platform and its action, such as LinkedIn''s viral leads.';
comment on column marts.organic_excluded_daily.conversion_action_id is 'The conversion action; see warehouse.conversion_action.';
comment on column marts.organic_excluded_daily.conversions is 'Organic conversions that were left out.';
comment on column marts.organic_excluded_daily.conversion_value is 'Their value in the account''s currency.';

-- What is missing is said to those who read the warehouse alone, too: no row of a mart tells of what is not there.
create view marts.account_freshness as
select a.platform, a.account_id, a.name as account_name, d.last_good_date, d.fetched_at,
       max(d.last_good_date) over () - d.last_good_date as days_behind, f.cause
from warehouse.account a
left join lateral (
  select max(d.date) filter (where d.state in ('complete', 'no_spend')) as last_good_date, max(d.fetched_at) as fetched_at
  from ops.account_day d where d.platform = a.platform and d.account_id = a.account_id
) d on true
left join lateral (
  select d.cause from ops.account_day d
  where d.platform = a.platform and d.account_id = a.account_id and d.state in ('failed', 'not_fetched')
  order by d.date desc limit 1
) f on d.last_good_date is null or d.last_good_date < (select max(date) from ops.account_day where state in ('complete', 'no_spend'))
where a.is_active and a.series_to is null;
comment on view marts.account_freshness is 'How far the figures of each active account reach: one row an account. Figures of all accounts leave out what days_behind counts.';
comment on column marts.account_freshness.platform is 'Name of the ad platform, such as google; see warehouse.platform.';
comment on column marts.account_freshness.account_id is 'The platform''s id of the account, bare.';
comment on column marts.account_freshness.account_name is 'Name of the account today.';
comment on column marts.account_freshness.last_good_date is 'The youngest day whose figures are complete, or known to be none; NULL where there is none yet.';
comment on column marts.account_freshness.fetched_at is 'When the account was last fetched.';
comment on column marts.account_freshness.days_behind is 'Days between that and the youngest such day of any account; NULL where the account has none.';
comment on column marts.account_freshness.cause is 'Why the youngest day that lacks does; NULL where none lacks or nothing is known of it.';
