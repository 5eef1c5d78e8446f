-- What a day was published from, so that the nightly repeat of an unchanged day needs no comparison row by row.
create table ops.day_fingerprint (
  account_key integer not null,
  date date not null,
  fingerprint text not null,
  published text not null,
  primary key (account_key, date)
);
comment on table ops.day_fingerprint is 'What each published day came from: fingerprint is a SHA-256 over the rows that the platform answered, published the counts and sums that they came to in the warehouse. A day whose both still hold is left alone.';
