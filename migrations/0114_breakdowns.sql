-- Campaign-days by device, country, keyword and search term, where the settings ask for them. All four have the same
-- tables and views: what a platform reported in `warehouse`, the figures that add up to the campaign-day in `figures`,
-- and the view that analysts read in `marts`.

create table warehouse.keyword (
  account_key integer not null,
  ad_group_id text not null,
  keyword_id text not null,
  campaign_id text not null,
  name text not null,
  match_type text not null,
  status text not null,
  updated_at timestamptz not null default now(),
  primary key (account_key, ad_group_id, keyword_id)
);
comment on table warehouse.keyword is 'Keywords with figures, removed ones too. An id is unique within its ad group only.';
comment on column warehouse.keyword.account_key is 'The account; see warehouse.account.';
comment on column warehouse.keyword.ad_group_id is 'The ad group that bids on it.';
comment on column warehouse.keyword.keyword_id is 'The platform''s id of the keyword (Google: criterion id).';
comment on column warehouse.keyword.campaign_id is 'Its campaign.';
comment on column warehouse.keyword.name is 'The text of the keyword.';
comment on column warehouse.keyword.match_type is 'How a search must match it, as the platform says it (EXACT, PHRASE, BROAD).';
comment on column warehouse.keyword.status is 'Status, as the platform says it; may be empty.';
comment on column warehouse.keyword.updated_at is 'When the row last changed.';

create table ops.breakdown_day (
  account_key integer not null,
  date date not null,
  breakdown text not null,
  fetched_at timestamptz not null default clock_timestamp(),
  primary key (account_key, date, breakdown)
);
comment on table ops.breakdown_day is 'Which account-days were asked for by which breakdown, and when last. A day that was never asked for has no row of that breakdown in the marts.';
comment on column ops.breakdown_day.breakdown is 'device, country, keyword or search_term.';

do $$
declare
  one record;
  shown text;
  place text;
begin
  for one in
    select * from (values
      ('device', array['device'], 'device', 'Kind of device: desktop, mobile, tablet, tv, other, or unknown.'),
      ('country', array['country'], 'country', 'Where the person was, as ISO 3166-1 alpha-2, or unknown.'),
      ('keyword', array['ad_group_id', 'keyword_id'], 'keyword',
       'The keyword that was bid on; see warehouse.keyword. unknown where the platform names none.'),
      ('search_term', array['ad_group_id', 'search_term'], 'search term',
       'What was searched for; unknown where the platform does not say. A search for that very word has quotes around it.')
    ) b (name, key, words, meaning)
  loop
    shown := one.key[cardinality(one.key)];

    foreach place in array array['warehouse', 'staging'] loop
      execute format($table$
        create %1$s table %2$s (
          %3$s
          account_key integer not null,
          date date not null,
          campaign_id text not null,
          %4$s
          spend numeric(18, 6) not null,
          impressions bigint not null,
          clicks bigint not null
          %5$s
        ) %6$s$table$,
        case place when 'staging' then 'unlogged' end, place || '.' || one.name || '_daily',
        case place when 'staging' then 'slice_id bigint not null,' end,
        (select string_agg(format('%I text not null,', k), ' ') from unnest(one.key) k),
        case place when 'warehouse' then format(', primary key (account_key, date, campaign_id, %s)', array_to_string(one.key, ', ')) end,
        case place when 'warehouse' then 'partition by range (date)' end);
      execute format($table$
        create %1$s table %2$s (
          %3$s
          account_key integer not null,
          date date not null,
          campaign_id text not null,
          %4$s
          conversion_action_id text not null,
          attribution text not null,
          traffic text not null check (traffic in ('paid', 'organic')),
          conversions numeric(18, 6) not null,
          conversion_value numeric(18, 6) not null,
          primary_conversions numeric(18, 6) not null,
          primary_conversion_value numeric(18, 6) not null,
          all_conversions numeric(18, 6) not null,
          all_conversion_value numeric(18, 6) not null
          %5$s
        ) %6$s$table$,
        case place when 'staging' then 'unlogged' end, place || '.' || one.name || '_conversion_daily',
        case place when 'staging' then 'slice_id bigint not null,' end,
        (select string_agg(format('%I text not null,', k), ' ') from unnest(one.key) k),
        case place when 'warehouse' then format(
          ', primary key (account_key, date, campaign_id, %s, conversion_action_id, attribution, traffic)',
          array_to_string(one.key, ', ')) end,
        case place when 'warehouse' then 'partition by range (date)' end);
    end loop;
    execute format('create index on staging.%I (slice_id)', one.name || '_daily');
    execute format('create index on staging.%I (slice_id)', one.name || '_conversion_daily');

    execute format($view$
      create view warehouse.%1$I as
      select c.account_key, c.date, c.campaign_id, %2$s, c.conversion_action_id, c.attribution, c.traffic,
             case r.measure when 'primary' then c.primary_conversions when 'all' then c.all_conversions
                            else c.conversions end as conversions,
             case r.measure when 'primary' then c.primary_conversion_value when 'all' then c.all_conversion_value
                            else c.conversion_value end as conversion_value
      from warehouse.%3$I c
      join ops.counting_rule r on r.account_key = c.account_key
      where ops.counts(r, c.conversion_action_id, c.attribution)$view$,
      'counted_' || one.name || '_conversion_daily',
      (select string_agg(format('c.%I', k), ', ') from unnest(one.key) k), one.name || '_conversion_daily');

    execute format($table$
      create table figures.%1$I (
        account_key integer not null,
        date date not null,
        impressions bigint not null,
        clicks bigint not null,
        refreshed_at timestamptz not null,
        campaign_id text not null,
        %2$s
        currency text not null,
        spend numeric(18, 6) not null,
        conversions numeric(18, 6) not null,
        conversion_value numeric(18, 6) not null,
        organic_conversions numeric(18, 6) not null,
        reporting_currency text,
        spend_reporting numeric(18, 6),
        conversion_value_reporting numeric(18, 6),
        primary key (account_key, date, campaign_id, %3$s)
      ) partition by range (date)$table$,
      'cost_per_conversion_by_' || one.name || '_daily',
      (select string_agg(format('%I text not null,', k), ' ') from unnest(one.key) k), array_to_string(one.key, ', '));
    execute format('comment on table figures.%I is %L', 'cost_per_conversion_by_' || one.name || '_daily',
                   'Under marts.cost_per_conversion_by_' || one.name || '_daily.');

    execute format($view$
      create view marts.%1$I as
      select m.account_key, m.date, a.platform, a.account_id, a.name as account_name, m.campaign_id,
             c.name as campaign_name, %2$s m.currency, m.spend, m.impressions, m.clicks, m.conversions,
             m.conversion_value, m.organic_conversions,
             figures.ratio(m.spend, m.conversions)::numeric(18, 6) as cost_per_conversion,
             figures.ratio(m.spend, m.clicks)::numeric(18, 6) as cost_per_click,
             figures.ratio(m.conversions, m.clicks)::numeric(18, 6) as conversion_rate,
             figures.ratio(m.conversion_value, m.spend)::numeric(18, 6) as return_on_ad_spend,
             m.reporting_currency, m.spend_reporting, m.conversion_value_reporting,
             figures.ratio(m.spend_reporting, m.conversions)::numeric(18, 6) as cost_per_conversion_reporting,
             coalesce(m.date < t.today - a.restatement_days, false) as is_final,
             m.refreshed_at
      from figures.%1$I m
      left join warehouse.account a on a.account_key = m.account_key
      left join ops.rollup_day t on t.account_key = m.account_key
      left join warehouse.campaign c on c.account_key = m.account_key and c.campaign_id = m.campaign_id
      %3$s$view$,
      'cost_per_conversion_by_' || one.name || '_daily',
      case when one.key[1] = 'ad_group_id' then 'm.ad_group_id, g.name as ad_group_name, ' else '' end
        || case one.name when 'keyword' then 'm.keyword_id, k.name as keyword, k.match_type,'
           else format('m.%I,', shown) end,
      case when one.key[1] = 'ad_group_id'
        then 'left join warehouse.ad_group g on g.account_key = m.account_key and g.ad_group_id = m.ad_group_id' else '' end
        || case one.name when 'keyword' then
          ' left join warehouse.keyword k on k.account_key = m.account_key and k.ad_group_id = m.ad_group_id and k.keyword_id = m.keyword_id'
          else '' end);
  end loop;
end
$$;

-- Comments: those of networks, with what is a breakdown's own.
do $$
declare
  one record;
  source record;
  part record;
begin
  for one in
    select * from (values
      ('device', 'device', 'Kind of device: desktop, mobile, tablet, tv, other, or unknown.', 'device'),
      ('country', 'country', 'Country as ISO 3166-1 alpha-2, of where the person was if the platform tells that, or unknown.', 'country'),
      ('keyword', 'keyword_id', 'The platform''s id of the keyword (Google: criterion id), unique within its ad group; unknown where it names none.', 'keyword'),
      ('search_term', 'search_term', 'What was searched for; unknown where the platform does not say. A search for that very word has quotes around it.', 'search term')
    ) b (name, shown, meaning, words)
  loop
    for source in
      select * from (values
        ('warehouse.network_daily', 'warehouse.' || one.name || '_daily',
         format('Paid delivery by %s, as the platform reports it: one row per account, date, campaign and %1$s. What it reports for a campaign and not by %1$s is in no row here; the mart has it as unknown.', one.words)),
        ('warehouse.network_conversion_daily', 'warehouse.' || one.name || '_conversion_daily',
         format('Conversions by %s, as the platform reports them: one row per account, date, campaign, %1$s, conversion action, attribution and traffic, counted or not.', one.words)),
        ('warehouse.counted_network_conversion_daily', 'warehouse.counted_' || one.name || '_conversion_daily',
         format('The conversions of warehouse.%s_conversion_daily that the configuration counts, paid and organic.', one.name)),
        ('marts.cost_per_conversion_by_network_daily', 'marts.cost_per_conversion_by_' || one.name || '_daily',
         format('Cost per conversion by %s: one row per account, date, campaign and %1$s, on the days that were asked for so (ops.breakdown_day). The row unknown completes them, so that they add up to cost_per_conversion_daily.', one.words))
      ) s (from_table, to_table, meaning)
    loop
      execute format('comment on %s %s is %L',
                     case when (select relkind from pg_class where oid = source.to_table::regclass) = 'v' then 'view' else 'table' end,
                     source.to_table, source.meaning);
      for part in
        select t.attname, col_description(source.from_table::regclass, s.attnum) as meaning
        from pg_attribute t
        join pg_attribute s on s.attrelid = source.from_table::regclass and s.attname = t.attname
        where t.attrelid = source.to_table::regclass and t.attnum > 0
      loop
        execute format('comment on column %s.%I is %L', source.to_table, part.attname, part.meaning);
      end loop;
      execute format('comment on column %s.%I is %L', source.to_table, one.shown, one.meaning);
      if one.name in ('keyword', 'search_term') then
        execute format('comment on column %s.ad_group_id is %L', source.to_table,
                       'The ad group; '''' for figures that belong to none.');
      end if;
    end loop;
    if one.name in ('keyword', 'search_term') then
      execute format('comment on column marts.cost_per_conversion_by_%s_daily.ad_group_name is %L', one.name,
                     'Name of the ad group today; NULL where the platform names none.');
    end if;
  end loop;
end
$$;
comment on column marts.cost_per_conversion_by_keyword_daily.keyword is 'Text of the keyword; NULL where the platform names none.';
comment on column marts.cost_per_conversion_by_keyword_daily.match_type is 'How a search must match the keyword, as the platform says it.';
