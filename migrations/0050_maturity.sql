-- When the choice of counted conversions last changed: what was observed before says nothing about how the new choice
-- matures.
alter table ops.counting_rule add column changed_at timestamptz not null default '-infinity';
comment on column ops.counting_rule.changed_at is 'When the rule last became another one; -infinity where it never did.';

comment on column marts.conversion_maturity.learned_from_days is 'How many account-days showed what arrived in the day after this age; 0 for a stated default.';
comment on column marts.conversion_maturity.basis is 'Where the step from this age to the next was learned: account, platform (pooled over the platform''s accounts) or default.';
