import { expect, test } from "vitest";
import type { Channels } from "../../src/web/api/answers.ts";
import { startWeb } from "../support/web.ts";

const days = "from=2026-11-01&to=2026-11-20";

test("channels add up within a currency, and a value that is not known stays unknown", async () => {
  const { url, database } = await startWeb();
  await database.pool.query(
    `insert into marts.channel_daily (date, channel, traffic, sessions, conversions, conversion_value, currency, refreshed_at)
     values ('2026-11-01', 'Paid Search', 'paid', null, 3, 30.10, 'EUR', now()),
            ('2026-11-02', 'Paid Search', 'paid', null, 2, 20.20, 'EUR', now()),
            ('2026-11-03', 'Paid Search', 'paid', null, 7, 70, 'USD', now()),
            ('2026-11-03', 'Email', 'other', null, 1, 5, 'EUR', now()),
            ('2026-11-04', 'Direct', 'direct', null, 4, null, null, now()),
            ('2026-12-01', 'Email', 'other', null, 99, 99, 'EUR', now())`,
  );
  const { rows, totals } = (await (await fetch(`${url}/api/channels?${days}`)).json()) as Channels;
  expect(rows.map((row) => [row.channel, row.currency, row.conversions, row.conversion_value])).toEqual([
    ["Paid Search", "USD", "7.000000", "70.000000"],
    ["Paid Search", "EUR", "5.000000", "50.300000"],
    ["Direct", null, "4.000000", null],
    ["Email", "EUR", "1.000000", "5.000000"],
  ]);
  expect(totals.map((row) => [row.currency, row.conversions, row.conversion_value, row.sessions])).toEqual([
    ["EUR", "6.000000", "55.300000", null],
    ["USD", "7.000000", "70.000000", null],
    [null, "4.000000", null, null],
  ]);
  const csv = await (await fetch(`${url}/api/channels.csv?${days}`)).text();
  expect(csv.split("\n").slice(0, 2)).toEqual([
    "from,to,channel,traffic,sessions,conversions,conversion_value,currency",
    "2026-11-01,2026-11-20,Paid Search,paid,,7.000000,70.000000,USD",
  ]);
});
