-- Conversions of a month move every night, its spend hardly ever: what a day was published from is known of each part.
drop table ops.day_fingerprint;
create table ops.day_fingerprint (
  account_key integer not null,
  date date not null,
  part text not null,
  fingerprint text not null,
  published text not null,
  primary key (account_key, date, part)
);
comment on table ops.day_fingerprint is 'What each part (delivery, outcome) of each published day came from: fingerprint is made of the rows that the platform answered, whatever their order, published of the counts and sums that they came to in the warehouse. A part whose both still hold is left alone.';

-- Conversions may change alone: then what explains the spend has to be at hand.
alter table ops.account_day add column residual_cause text;
comment on column ops.account_day.residual_cause is 'The part of cause that says what residual_spend is.';
update ops.account_day set residual_cause = cause where residual_spend <> 0;
