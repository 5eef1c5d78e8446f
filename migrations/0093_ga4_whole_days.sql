-- GA4 answers for a day that is still going on as for any other: only in the property's own zone is it known to be over.
alter table ops.ga4_day add column is_whole boolean not null default true;
comment on column ops.ga4_day.is_whole is 'Whether the day had ended in the property''s own zone when it was asked for; one that had not is asked for again by the next sync.';
