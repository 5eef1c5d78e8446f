/** The facts of an account's days, added up. `$1` is the account, `$2` the days. */

/** Traffic that somebody paid for, and the rest: paid against organic, of the ad platforms' own figures, is said here alone. */
export const paid = "traffic = 'paid'";
export const organic = "traffic = 'organic'";

export const ofDays = "account_key = $1 and date = any ($2::date[])";

/** In SQL: what the rule counts a conversion by. */
const counted = (figure: string): string =>
  `case (select measure from rule) when 'primary' then primary_${figure} when 'all' then all_${figure} else ${figure} end`;

/**
 * Conversions of the days by key, action and traffic, each row of the facts read once; the rule is asked about the sums.
 */
export const outcomesOf = (table: string, key: readonly string[]): string => {
  const keys = [...key, "conversion_action_id", "attribution", "traffic"].join(", ");
  return `
  rule as (select * from ops.counting_rule where account_key = $1),
  outcomes as (
    select o.*, ops.counts(r.actions, r.excluded_actions, r.attributions, conversion_action_id, attribution) as counts
    from (
      select ${keys}, sum(${counted("conversions")}) as conversions, sum(${counted("conversion_value")}) as conversion_value
      from ${table} where ${ofDays} group by ${keys}
    ) o
    left join rule r on true
  )`;
};

/** Figures from facts: a row as soon as any fact of it is stored, an uncounted or organic conversion too. */
export const factSums = (key: readonly string[], delivery: string): string => {
  const keys = key.join(", ");
  return `
    select ${keys}, sum(spend) as spend, sum(impressions)::bigint as impressions, sum(clicks)::bigint as clicks,
           sum(conversions) as conversions, sum(conversion_value) as conversion_value,
           sum(organic_conversions) as organic_conversions
    from (
      select ${keys}, sum(spend) as spend, sum(impressions) as impressions, sum(clicks) as clicks, 0 as conversions,
             0 as conversion_value, 0 as organic_conversions
      from ${delivery} where ${ofDays} group by ${keys}
      union all
      select ${keys}, 0, 0, 0, coalesce(sum(conversions) filter (where counts and ${paid}), 0),
             coalesce(sum(conversion_value) filter (where counts and ${paid}), 0),
             coalesce(sum(conversions) filter (where counts and ${organic}), 0)
      from outcomes group by ${keys}
    ) facts
    group by ${keys}
`;
};
