-- Ratios outside the rollup have the type of all figures too, so that a file of them has the same columns every month.
alter table marts.kpi_daily
  alter column numerator type numeric(18, 6), alter column denominator type numeric(18, 6),
  alter column value type numeric(18, 6);
alter table marts.paid_cost_per_conversion_first_party_daily alter column cost_per_conversion type numeric(18, 6);

-- Written every night, and read by nobody: ops.slice says when an account was last asked.
alter table warehouse.account drop column last_seen_at;
