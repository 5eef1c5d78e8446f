-- Places at a platform: so many requests at once, whichever processes send them. Unlogged: what a crash of the server
-- forgets was held by processes whose requests it cut off from their work.
create unlogged table ops.place (
  place_id bigint generated always as identity primary key,
  platform text not null,
  account_id text not null,
  holder text not null,
  held_until timestamptz not null
);
comment on table ops.place is 'Requests under way at each platform and account, over all processes. Ends by itself when its holder says nothing.';
comment on column ops.place.holder is 'The process that holds it: host, process id and a mark of its own.';
comment on column ops.place.held_until is 'When it ends unless it is renewed.';
create index place_of_platform on ops.place (platform);

-- The id of a place, or NULL where as many are taken as may be. One asks at a time, so that no two take the last place.
create function ops.take_place(
  of_platform text, of_account text, by_holder text, platform_at_once integer, account_at_once integer,
  lease_seconds integer
) returns bigint
language plpgsql as $$
declare
  taken bigint;
begin
  perform ops.hold('costper.place ' || of_platform);
  delete from ops.place where platform = of_platform and held_until < clock_timestamp();
  insert into ops.place (platform, account_id, holder, held_until)
  select of_platform, of_account, by_holder, clock_timestamp() + make_interval(secs => lease_seconds)
  from (select count(*) as all_taken, count(*) filter (where account_id = of_account) as of_account_taken
        from ops.place where platform = of_platform) room
  where all_taken < platform_at_once and of_account_taken < account_at_once
  returning place_id into taken;
  return taken;
end
$$;
