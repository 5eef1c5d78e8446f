-- A name in the configuration keeps meaning the action that it once matched, whatever the platform calls it later.
create table ops.action_match (
  account_key integer not null references warehouse.account,
  name text not null,
  conversion_action_id text not null,
  matched_at timestamptz not null default now(),
  primary key (account_key, name, conversion_action_id)
);
comment on table ops.action_match is 'Which conversion actions a configured name (in lower case) has ever matched in an account.';
