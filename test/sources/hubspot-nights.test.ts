import { expect, onTestFinished, test } from "vitest";
import { createHubspotSandbox, hubspotSandboxSettings } from "../../sandbox/hubspot/index.ts";
import { listen } from "../../sandbox/server.ts";
import { freshDatabase } from "../support/database.ts";
import { configWith, night, rows, tablesWith } from "./support.ts";

test.each([
  ["newest", false],
  ["oldest", true],
])(
  "the worked example of the contract comes out night by night, the %s value first",
  async (_, oldestFirst) => {
    const database = await freshDatabase();
    const clock = { now: "2026-11-09T03:30:00Z" };
    const sandbox = createHubspotSandbox({
      clock: () => new Date(clock.now),
      customProperties: ["contact_score"],
      rateLimit: 100_000,
      oldestFirst,
    });
    const server = await listen(sandbox);
    onTestFinished(() => server.close());
    const { world } = sandbox;
    const config = configWith(
      { crm: { ...hubspotSandboxSettings(server.url), leads: { score: { field: "contact_score" } } } },
      { firstParty: { qualifiedStage: "marketing_qualified", qualifiedScore: 50 } },
    );
    const after = async (day: string, ...happened: readonly (() => void)[]) => {
      for (const happens of happened) happens();
      clock.now = `${day}T22:30:00Z`;
      const results = await night(database, config, { at: clock.now });
      expect(results.map(({ failure }) => failure)).toEqual([null, null]);
      const [figures] = await rows(
        database,
        `select (select count(*)::int from warehouse.lead where date = '2026-11-02' and withdrawn_at is null) as leads,
        (select coalesce(jsonb_object_agg(d, n), '{}') from (select qualified_date as d, count(*) as n from warehouse.lead
          where qualified_date is not null and withdrawn_at is null group by 1) q) as qualified,
        (select coalesce(jsonb_object_agg(c.date, c.value::float8), '{}') from warehouse.first_party_conversion c
          where conversion_name = 'deal_won' and retracted_at is null) as won`,
      );
      return figures;
    };
    const log = async () =>
      (
        await rows(
          database,
          "select kind, date::text, leads::int, conversions::int from ops.source_change order by change_id",
        )
      ).map(
        ({ kind, date, leads, conversions }) =>
          `${String(kind)} ${String(date)} ${String(leads)} ${String(conversions)}`,
      );
    const qualified = { "2026-11-05": 1, "2026-11-06": 1 };

    expect(
      await after(
        "2026-11-09",
        () => world.addContact("51201", "2026-11-01T23:30:00Z", { hs_google_click_id: "Cj0first" }),
        () => world.addContact("51202", "2026-11-02T09:00:00Z", { hs_google_click_id: "Cj0second" }),
        () => world.addContact("51203", "2026-11-02T10:00:00Z"),
        () => world.setContact("51201", "2026-11-05T11:00:00Z", { lifecyclestage: "marketingqualifiedlead" }),
        () => world.setContact("51202", "2026-11-06T12:00:00Z", { contact_score: "60" }),
        () => world.setContact("51202", "2026-11-09T12:00:00Z", { contact_score: "30" }),
      ),
    ).toEqual({ leads: 3, qualified, won: {} });
    expect(await log()).toEqual([]);

    expect(await after("2026-11-10", () => world.merge("51203", "51202", "2026-11-10T08:00:00Z"))).toEqual({
      leads: 2,
      qualified,
      won: {},
    });
    expect(await log()).toEqual(["merged 2026-11-02 -1 0"]);

    const lost = { dealstage: "closedlost" };
    const wonStage = { dealstage: "closedwon" };
    expect(
      await after(
        "2026-11-15",
        () => world.setContact("51201", "2026-11-12T08:00:00Z", { lifecyclestage: "lead" }),
        () =>
          world.addDeal("9", "2026-11-13T10:00:00Z", { amount: "1000", deal_currency_code: "EUR" }, "51201"),
        () => world.setDeal("9", "2026-11-15T10:00:00Z", wonStage),
      ),
    ).toEqual({ leads: 2, qualified, won: { "2026-11-15": 1000 } });

    expect(await after("2026-11-18", () => world.setDeal("9", "2026-11-18T10:00:00Z", lost))).toEqual({
      leads: 2,
      qualified,
      won: {},
    });
    expect((await log()).at(-1)).toBe("retracted 2026-11-15 0 -1");

    expect(
      await after(
        "2026-11-25",
        () => world.setContact("51201", "2026-11-20T08:00:00Z", { lifecyclestage: "marketingqualifiedlead" }),
        () => world.setDeal("9", "2026-11-25T10:00:00Z", { ...wonStage, amount: "900" }),
      ),
    ).toEqual({ leads: 2, qualified, won: { "2026-11-25": 900 } });

    expect(await after("2026-11-26", () => world.erase("51202"))).toEqual({
      leads: 2,
      qualified,
      won: { "2026-11-25": 900 },
    });
    expect((await log()).at(-1)).toBe("erased null 0 0");
    for (const trace of ["51202", "51203", "Cj0second"])
      expect([trace, await tablesWith(database, trace)]).toEqual([trace, []]);
    expect(await tablesWith(database, "Cj0first")).toEqual(["warehouse.lead"]);

    // The night after writes nothing, and an old page brings nobody back.
    const again = await night(database, config, { at: "2026-11-27T22:30:00Z" });
    expect(again.map(({ rowsWritten }) => rowsWritten)).toEqual([0, 0]);
    expect(await after("2026-11-28", () => world.addContact("51202", "2026-11-02T09:00:00Z"))).toEqual({
      leads: 2,
      qualified,
      won: { "2026-11-25": 900 },
    });
  },
);
