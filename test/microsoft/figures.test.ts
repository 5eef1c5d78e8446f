import { expect, test } from "vitest";
import { addDays } from "../../src/domain/day.ts";
import { zoneOf } from "../../src/connectors/microsoft/time-zones.ts";
import { linkedAccountId } from "../../sandbox/microsoft/index.ts";
import { accountOf, drain, exact, firstAccount, list, pullOf, startMicrosoft, sum } from "./support.ts";

const month = () => pullOf("2026-10-21", "2026-11-20");

test("counts what the truth counts: goals included in bidding, all goals, and views apart", async () => {
  const { open, sandbox } = await startMicrosoft();
  const rows = await drain(open().conversions(month()));
  const truth = sandbox.truth.days(firstAccount.id, "2026-10-21", "2026-11-20");
  // Of the campaign without ads (Performance Max) only campaign reports know.
  const without = sandbox.truth
    .campaignDays(firstAccount.id, "2026-10-21", "2026-11-20")
    .filter(({ campaignId }) => campaignId === "8000000034");
  const clicks = rows.filter(({ attribution }) => attribution === "");
  const views = rows.filter(({ attribution }) => attribution === "view_through");
  const expected = (
    figure: "conversions" | "allConversions" | "viewThroughConversions" | "conversionValue",
  ) => sum(truth.map((day) => day[figure])) - sum(without.map((day) => day[figure]));
  expect(sum(clicks.map((row) => row.primaryConversions ?? "?"))).toBe(expected("conversions"));
  expect(sum(clicks.map((row) => row.primaryConversionValue ?? "?"))).toBe(expected("conversionValue"));
  expect(sum(clicks.map((row) => row.allConversions ?? "?"))).toBe(expected("allConversions"));
  expect(sum(views.map((row) => row.conversions))).toBe(expected("viewThroughConversions"));
  expect(expected("viewThroughConversions")).toBeGreaterThan(0n);
  expect(clicks.some(({ conversions }) => exact(conversions) % 1_000_000n !== 0n)).toBe(true);
});

test("tells conversions by network with the ids that ads give to the names of goals", async () => {
  const { open, sandbox } = await startMicrosoft();
  const pull = month();
  const rows = (await drain(open().networks(pull))).filter((row) => row.kind === "conversions");
  expect(new Set(rows.map(({ actionId }) => actionId))).toEqual(new Set(["41", "42", "43"]));
  const truth = sandbox.truth.days(firstAccount.id, pull.from, pull.to);
  const clicks = rows.filter(({ attribution }) => attribution === "");
  expect(sum(clicks.map((row) => row.primaryConversions ?? "?"))).toBe(
    sum(truth.map((day) => day.conversions)),
  );
});

test("puts both labels of one network into one bucket, and an unknown one into other, with one warning", async () => {
  for (const index of [0, 1]) {
    const { open, logged } = await startMicrosoft();
    const connector = open();
    const pull = { ...month(), account: accountOf(index) };
    const rows = await drain(connector.networks(pull));
    await drain(connector.networks(pull));
    expect(new Set(rows.map(({ network }) => network))).toEqual(
      new Set(["bing_yahoo_search", "search_partners", "aol_search", "audience", "content", "other"]),
    );
    expect(logged.filter((line) => line.includes("a network that costper does not know"))).toHaveLength(1);
    expect(logged.join()).toContain("Copilot answers");
  }
});

test("adds up rows of both labels, should an account show both", async () => {
  const { open, sandbox } = await startMicrosoft({ campaigns: 1 });
  let half = 0;
  sandbox.damage = (csv) =>
    csv.replaceAll("Bing and Yahoo! search", (label) =>
      (half += 1) % 2 === 0 ? label : "Microsoft sites and select traffic",
    );
  const pull = pullOf("2026-11-10", "2026-11-16");
  const connector = open();
  const rows = (await drain(connector.networks(pull))).filter((row) => row.kind === "delivery");
  expect(new Set(rows.map((row) => `${row.date} ${row.campaignId} ${row.network}`)).size).toBe(rows.length);
  expect(sum(rows.map(({ spend }) => spend))).toBe(
    sum(sandbox.truth.days(firstAccount.id, pull.from, pull.to).map(({ spend }) => spend)),
  );
});

test("falls back on the deprecated column only where the qualified one says nothing", async () => {
  const { open, sandbox } = await startMicrosoft({ campaigns: 1 });
  const pull = pullOf("2026-11-10", "2026-11-16");
  const file = (qualified: string) => () =>
    `"TimePeriod","CampaignId","AdGroupId","AdId","GoalId","Goal","ConversionsQualified","Conversions","Revenue","AllConversionsQualified","AllRevenue","ViewThroughConversionsQualified","GoalType"\r\n` +
    `"2026-11-10","1","2","3","41","Purchase","${qualified}","7.00","1,234.50","--","","0.00","Event"\r\n`;
  for (const [qualified, expected] of [
    ["--", "7.00"],
    ["", "7.00"],
    ["1.50", "1.50"],
    ["0.00", "0.00"],
  ] as const) {
    sandbox.damage = file(qualified);
    const [row] = await drain(open().conversions({ ...pull }));
    expect(row?.primaryConversions).toBe(expected);
    expect(row?.conversionValue).toBe("1234.50");
  }
});

test("reads thousands commas and NUL characters out of figures and names", async () => {
  const { open, sandbox } = await startMicrosoft({ campaigns: 1 });
  sandbox.damage = () =>
    `"TimePeriod","CampaignId","AdGroupId","AdId","Impressions","Clicks","Spend","AdGroupName","AdTitle"\r\n` +
    `"2026-11-10","1","2","3","1,234,567","1,024","12,345.67","Sho\0es","Title"\r\n`;
  const connector = open();
  const pull = pullOf("2026-11-10", "2026-11-16");
  expect(await drain(connector.performance(pull))).toEqual([
    {
      date: "2026-11-10",
      campaignId: "1",
      adGroupId: "2",
      adId: "3",
      impressions: "1234567",
      clicks: "1024",
      spend: "12345.67",
    },
  ]);
  expect(await drain(connector.entities(pull))).toContainEqual(
    expect.objectContaining({ kind: "ad_group", id: "2", name: "Shoes" }),
  );
});

test.each([
  ["a figure that is none", '"2026-11-10","1","2","3","12","x1","1.00"', "Clicks is not a number"],
  ["a day that was not asked for", '"2026-10-01","1","2","3","12","1","1.00"', 'a row of "2026-10-01" came'],
  ["an id that is none", '"2026-11-10","1","two","3","12","1","1.00"', "AdGroupId is no id"],
])("refuses %s, and names it", async (_, row, message) => {
  const { open, sandbox } = await startMicrosoft({ campaigns: 1 });
  sandbox.damage = () =>
    `"TimePeriod","CampaignId","AdGroupId","AdId","Impressions","Clicks","Spend","AdGroupName","AdTitle"\r\n${row},"",""\r\n`;
  const work = drain(open().performance(pullOf("2026-11-10", "2026-11-16")));
  await expect(work).rejects.toMatchObject({ kind: "data", message: expect.stringContaining(message) });
});

test("refuses figures in another currency than the account's", async () => {
  const { open } = await startMicrosoft();
  const work = drain(open().networks({ ...month(), account: { ...firstAccount, currency: "SEK" } }));
  await expect(work).rejects.toMatchObject({
    kind: "data",
    message: 'report: CurrencyCode is "USD", the account\'s currency is SEK',
  });
});

test("takes names from the reports, whatever they hold, and ids beyond 2^53 as text", async () => {
  const { open } = await startMicrosoft();
  const connector = open();
  const pull = month();
  const days = await drain(connector.performance(pull));
  await drain(connector.networks(pull));
  const entities = await drain(connector.entities(pull));
  expect(entities).toContainEqual(
    expect.objectContaining({ kind: "campaign", id: "8000000032", name: 'Shoes, "summer"\nsale' }),
  );
  // Without ads, yet named; ended, yet named.
  const names = entities.filter(({ kind }) => kind === "campaign").map(({ name }) => name);
  expect(names).toContain("Performance Max");
  expect(names).toContain("Spring launch (deleted)");
  const ads = new Set(days.map(({ adId }) => adId));
  expect([...ads].every((id) => /^84387456\d{9}$/.test(id))).toBe(true);
  expect(new Set(entities.filter(({ kind }) => kind === "ad").map(({ id }) => id))).toEqual(ads);
  const actions = entities.filter(({ kind }) => kind === "conversion_action");
  expect(actions.toSorted((a, b) => (a.id < b.id ? -1 : 1))).toEqual([
    expect.objectContaining({ id: "41", name: "Purchase", category: "Event", primary: true }),
    expect.objectContaining({ id: "42", name: "Lead, form", category: "Url", primary: true }),
    expect.objectContaining({ id: "43", name: "Newsletter", category: "Event", primary: false }),
  ]);
});

test("goes by the name of a goal that has no id", async () => {
  const { open, sandbox } = await startMicrosoft({ campaigns: 1 });
  sandbox.damage = (csv) => csv.replaceAll(/"4[123]","(Purchase|Lead, form|Newsletter)"/g, '"","$1"');
  const rows = await drain(open().conversions(month()));
  expect(rows.length).toBeGreaterThan(0);
  expect(new Set(rows.map(({ actionId }) => actionId))).toEqual(
    new Set(["Purchase", "Lead, form", "Newsletter"]),
  );
});

test("splits no conversions by network where several goals have one name, and says so", async () => {
  const { open, sandbox, logged } = await startMicrosoft({ campaigns: 1 });
  sandbox.damage = (csv) =>
    csv.replaceAll('"42","Lead, form"', '"42","Purchase"').replaceAll('"Lead, form"', '"Purchase"');
  const rows = (await drain(open().networks(month()))).filter((row) => row.kind === "conversions");
  expect(new Set(rows.map(({ actionId }) => actionId))).toEqual(new Set(["43"]));
  expect(logged.join()).toContain("several goals have one name");
});

test("sees what the platform revises: more conversions, less spend, rows that vanish", async () => {
  const { open, sandbox, clock } = await startMicrosoft();
  const pull = pullOf("2026-11-10", "2026-11-16");
  const figures = async () => {
    const connector = open();
    const spend = sum((await drain(connector.totals({ ...pull }))).map((row) => row.spend));
    const rows = await drain(connector.conversions({ ...pull }));
    return { spend, conversions: sum(rows.map((row) => row.conversions)) };
  };
  const before = await figures();
  clock.advance(20 * 86_400_000);
  const after = await figures();
  expect(after.spend).toBeLessThan(before.spend);
  expect(after.conversions).toBeGreaterThan(before.conversions);

  sandbox.restate("8000000031", "2026-11-12", 0);
  const rows = await drain(open().performance({ ...pull }));
  expect(rows.some((row) => row.campaignId === "8000000031" && row.date === "2026-11-12")).toBe(false);
  expect(rows.some((row) => row.campaignId === "8000000031" && row.date === "2026-11-13")).toBe(true);
});

test("asks for the days of an account in its own zone, under the spelling of reports", async () => {
  const { open, exchanges, sandbox } = await startMicrosoft();
  const connector = open();
  const accounts = await list(connector.accounts(new AbortController().signal));
  const account = accounts.find(({ id }) => id === linkedAccountId);
  expect(account).toMatchObject({ timeZone: "Europe/Athens", via: "500000022", currency: "EUR" });
  if (!account) throw new Error("no linked account");
  const range = { from: addDays("2026-11-20", -5), to: "2026-11-20" };
  const totals = await drain(connector.totals({ account, ...range, signal: new AbortController().signal }));
  expect(sum(totals.map(({ spend }) => spend))).toBe(
    sum(sandbox.truth.days(account.id, range.from, range.to).map(({ spend }) => spend)),
  );
  const submit = exchanges.find(({ path }) => path.endsWith("/Submit"));
  expect(submit?.body).toContain('"ReportTimeZone":"AthensIslandanbulMinsk"');
  expect(submit?.headers["customerid"]).toBe("500000022");
});

test("knows every zone of both spellings, and no other", () => {
  for (const [name, iana] of [
    ["PacificTimeUSCanadaTijuana", "America/Los_Angeles"],
    ["AthensBuckarestIstanbul", "Europe/Athens"],
    ["AthensIslandanbulMinsk", "Europe/Athens"],
    ["IslamabadKarachiTashkent", "Asia/Tashkent"],
    ["SolomonIslandNewCaledonia", "Asia/Magadan"],
    ["MidwayIslandAndSamoa", "Pacific/Pago_Pago"],
    ["GreenwichMeanTimeDublinEdinburghLisbonLondon", "Europe/London"],
  ] as const)
    expect(zoneOf(name)?.iana).toBe(iana);
  expect(zoneOf("Atlantis")).toBeUndefined();
  expect(zoneOf("constructor")).toBeUndefined();
});

test.each([
  ["device", ["desktop", "mobile", "tablet", "unknown"], 1],
  ["country", ["DE", "DK", "BA"], 0.9],
] as const)(
  "splits campaign-days by %s, conversions too, each part once",
  async (breakdown, parts, least) => {
    const { open, sandbox } = await startMicrosoft();
    const pull = month();
    const connector = open({ settings: { breakdowns: [breakdown] } });
    const rows = await drain(connector.breakdowns?.[breakdown]?.(pull) ?? (async function* () {})());
    expect(new Set(rows.map(({ part }) => part))).toEqual(new Set(parts));
    const keys = rows.map((row) =>
      JSON.stringify([
        row.date,
        row.campaignId,
        row.part,
        row.kind === "conversions" && [row.actionId, row.attribution],
      ]),
    );
    expect(new Set(keys).size).toBe(keys.length);
    const truth = sandbox.truth.days(firstAccount.id, pull.from, pull.to);
    const told = sum(rows.flatMap((row) => (row.kind === "delivery" ? [row.spend] : [])));
    const whole = sum(truth.map(({ spend }) => spend));
    expect(told).toBeLessThanOrEqual(whole);
    expect(Number(told) / Number(whole)).toBeGreaterThanOrEqual(least);
    const converted = sum(
      rows.flatMap((row) => (row.kind === "conversions" ? [row.primaryConversions ?? "?"] : [])),
    );
    expect(Number(converted) / Number(sum(truth.map((day) => day.conversions)))).toBeGreaterThan(
      least - 0.05,
    );
  },
);
