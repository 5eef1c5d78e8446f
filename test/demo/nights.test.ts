import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { sandboxConfig, startSandbox } from "../../sandbox/start.ts";
import { openApp } from "../../src/app.ts";
import { demoAlerts, demoAlertStates } from "../../src/commands/demo-alerts.ts";
import { createNightClock, nightsPlayed, playNights, restatedLine } from "../../src/commands/demo-nights.ts";
import { parseConfig } from "../../src/config.ts";
import { addDays, dayAt } from "../../src/domain/day.ts";
import { exact } from "../../src/domain/decimal.ts";
import { silent } from "../jobs/backends.ts";
import { createDatabase } from "../support/database.ts";

const platforms = ["google", "meta"] as const;

/** The demo's nights on a warehouse of their own, with two of its platforms. */
const played = async (url?: string) => {
  const clock = createNightClock();
  const sandbox = await startSandbox({ clock: clock.now, port: 0 });
  onTestFinished(() => sandbox.close());
  const fresh = url === undefined ? await createDatabase() : undefined;
  if (fresh) onTestFinished(fresh.drop);
  const { google, meta } = sandbox.settings.connectors;
  const database = url ?? fresh?.url ?? "";
  const text = sandboxConfig(sandbox, { database, alerts: demoAlerts, connectors: { google, meta } });
  const app = await openApp({
    config: parseConfig(text, join(tmpdir(), "costper.yaml"), {}),
    log: silent,
    signal: new AbortController().signal,
    now: clock.now,
    connections: 16,
  });
  onTestFinished(() => app.close());
  const to = addDays(dayAt(new Date(), "UTC"), -1);
  const from = addDays(to, -11);
  const nights: string[] = [];
  const result = await playNights(app, {
    sandbox,
    clock,
    platforms,
    from,
    to,
    progress: {},
    onNight: (words) => void nights.push(words),
  });
  const query = async <Row extends object>(sql: string, values: readonly unknown[] = []): Promise<Row[]> =>
    (await app.database.pool.query<Row>(sql, [...values])).rows;
  return { app, sandbox, database, result, nights, query, from, to };
};

test("the demo plays five nights: days are restated, an account fails and recovers, and its alert comes and goes", async () => {
  const { app, sandbox, result, nights, query, from, to } = await played();
  expect(nights).toHaveLength(nightsPlayed);
  expect(result.summary.failures).toEqual([]);
  expect(result.summary.results.filter(({ outcome }) => outcome === "failed")).toEqual([]);
  expect(result.rows).toBeGreaterThan(
    result.summary.results.reduce((sum, { rowsRead }) => sum + rowsRead, 0),
  );

  const daysAgo = (column: string): string => `round(extract(epoch from now() - ${column}) / 86400)::int`;
  expect(
    await query(
      `select ${daysAgo("observed_at")} as ago, count(*) > 10 as many from marts.cost_per_conversion_history
       group by 1 order by 1 desc`,
    ),
  ).toEqual([4, 3, 2, 1, 0].map((ago) => ({ ago, many: true })));
  expect(
    await query(
      `select ${daysAgo("started_at")} as ago, outcome from ops.run where command = 'sync' order by 1 desc`,
    ),
  ).toEqual([4, 3, 2, 1, 0].map((ago) => ({ ago, outcome: ago === 1 ? "failed" : "done" })));
  const [restated] = await query<{ changes: number }>(
    "select max(changes)::int as changes from (select count(*) as changes from marts.cost_per_conversion_history group by account_key, campaign_id, date) d",
  );
  expect(restated?.changes).toBeGreaterThanOrEqual(4);
  expect(await restatedLine(app)).toMatch(
    /^Restated: (google|meta) .+ on \d{4}-\d\d-\d\d had [\d.,]+ conversions at first and has/,
  );
  const [learned] = await query<{ count: number }>(
    "select count(*)::int from marts.conversion_maturity where basis <> 'default' and learned_from_days > 0",
  );
  expect(learned?.count).toBeGreaterThan(0);

  const account = "1000000012";
  expect(
    await query(
      `select distinct ${daysAgo("started_at")} as ago, outcome from ops.slice
       where account_id = $1 and started_at > now() - interval '36 hours' order by 1 desc`,
      [account],
    ),
  ).toEqual([
    { ago: 1, outcome: "failed" },
    { ago: 0, outcome: "done" },
  ]);
  expect(
    await query(
      `select ${daysAgo("occurred_at")} as ago, to_state from ops.alert_event
       where rule = 'account-fails' and labels ->> 'account_id' = $1 and to_state in ('firing', 'resolved') order by event_id`,
      [account],
    ),
  ).toEqual([
    { ago: 1, to_state: "firing" },
    { ago: 0, to_state: "resolved" },
  ]);
  const states = await demoAlertStates(app.database.db);
  expect(states).toContainEqual(expect.objectContaining({ rule: "account-fails", state: "resolved" }));
  expect(states).toContainEqual(expect.objectContaining({ rule: "meta-return-too-low", state: "firing" }));
  // Only the account that failed is spoken of, not the one that Google has closed.
  expect(
    await query(
      "select distinct labels ->> 'account_id' as account from ops.alert where rule = 'account-fails' and state <> 'inactive'",
    ),
  ).toEqual([{ account }]);

  // What is left is what the platform says tonight.
  for (const id of ["1000000011", account]) {
    const truth = sandbox.platforms.google.truth.days(id, from, addDays(to, -1));
    const ours = await query<{ date: string; spend: string; conversions: string }>(
      `select date, sum(spend) as spend, sum(conversions) as conversions from marts.cost_per_conversion_daily
       where account_id = $1 and date < $2 group by 1 order by 1`,
      [id, to],
    );
    const figures = ({ date, spend, conversions }: { date: string; spend: string; conversions: string }) =>
      [date, exact(spend), exact(conversions)] as const;
    expect(ours.map(figures)).toEqual(truth.map(figures));
  }
});

test("a demo that runs again plays the last night alone", async () => {
  const first = await played();
  const before = await first.query("select * from marts.cost_per_conversion_history order by 1, 2, 5, 6");
  const again = await played(first.database);
  expect(again.nights).toEqual(["night 5 of 5, with all that came before"]);
  expect(await again.query("select * from marts.cost_per_conversion_history order by 1, 2, 5, 6")).toEqual(
    before,
  );
});
