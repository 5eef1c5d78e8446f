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
