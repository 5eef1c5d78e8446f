import { describe, expect, test } from "vitest";
import type { Connector, Pull } from "../../src/connectors/connector.ts";
import { addDays, type Day, type DayRange } from "../../src/domain/day.ts";
import type { Account, Delivery } from "../../src/domain/facts.ts";
import { asFailure } from "../../src/domain/failure.ts";

/** A connector that talks to its sandbox, and what the sandbox knows to be true. */
export interface Subject {
  readonly connector: Connector;
  /** One account that has figures in `range`. */
  readonly account: Account;
  /** Days in which the account has spent, at least three. */
  readonly range: DayRange;
  /** What each day of the range really came to. */
  readonly truth: (range: DayRange) => readonly ({ readonly date: Day } & Delivery)[];
}

export interface ConnectorSuite {
  readonly name: string;
  /** Opens a connector of its own for each test; closes what it opened by `onTestFinished`. */
  readonly open: () => Promise<Subject>;
}

type Row = Readonly<Record<string, unknown>>;

const drain = async (batches: AsyncIterable<readonly object[]>): Promise<Row[]> => {
  const rows: Row[] = [];
  for await (const batch of batches) rows.push(...(batch as readonly Row[]));
  return rows;
};

const pullOf = ({ account, range }: Subject, more: Partial<Pull> = {}): Pull => ({
  account,
  ...range,
  signal: new AbortController().signal,
  ...more,
});

/** The streams that yield rows of days, in the order in which a sync asks for them. */
const daily = {
  performance: (connector: Connector, pull: Pull) => connector.performance(pull),
  conversions: (connector: Connector, pull: Pull) => connector.conversions(pull),
  networks: (connector: Connector, pull: Pull) => connector.networks(pull),
  totals: (connector: Connector, pull: Pull) => connector.totals(pull),
} as const;

const streams = {
  ...daily,
  entities: (connector: Connector, pull: Pull) => connector.entities(pull),
} as const;

const keyParts = [
  "kind",
  "id",
  "date",
  "campaignId",
  "adGroupId",
  "adId",
  "network",
  "actionId",
  "attribution",
  "traffic",
];

const keyOf = (row: Row): string => JSON.stringify(keyParts.map((part) => row[part]));

const sorted = (rows: readonly Row[]): Row[] => [...rows].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));

/** Decimal text of any precision up to 18 places, in 10^-18. */
const exact = (value: unknown): bigint => {
  const match = /^(-?)(\d+)(?:\.(\d{0,18}))?$/.exec(String(value));
  if (!match) throw new RangeError(`not plain decimal text: ${JSON.stringify(value)}`);
  const magnitude = BigInt(`${match[2]}${(match[3] ?? "").padEnd(18, "0")}`);
  return match[1] === "-" ? -magnitude : magnitude;
};

const sumsByDay = (rows: readonly Row[]): Map<Day, string> => {
  const sums = new Map<Day, [spend: bigint, impressions: bigint, clicks: bigint]>();
  for (const row of rows) {
    const date = row["date"] as Day;
    const [spend, impressions, clicks] = sums.get(date) ?? [0n, 0n, 0n];
    sums.set(date, [
      spend + exact(row["spend"]),
      impressions + exact(row["impressions"]),
      clicks + exact(row["clicks"]),
    ]);
  }
  return new Map(
    [...sums]
      .filter(([, sum]) => sum.some((figure) => figure !== 0n))
      .map(([date, sum]) => [date, sum.join(" ")]),
  );
};

const decimalText = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?$/;
const figures = ["spend", "impressions", "clicks", "conversions", "conversionValue"];
const ids = ["id", "campaignId", "adGroupId", "adId", "actionId"];

/** What every connector keeps to, whatever its platform. */
export const describeConnector = ({ name, open }: ConnectorSuite): void => {
  describe(`${name} as a connector`, () => {
    test("finds the account, with its currency and time zone", async () => {
      const { connector, account } = await open();
      const found: Account[] = [];
      for await (const each of connector.accounts(new AbortController().signal)) found.push(each);
      expect(new Set(found.map(({ id }) => id)).size).toBe(found.length);
      expect(found.find(({ id }) => id === account.id)).toMatchObject({
        platform: connector.platform,
        currency: account.currency,
        timeZone: account.timeZone,
        active: true,
      });
    });

    test.each(Object.entries(streams))("gives the same %s when asked twice", async (_, stream) => {
      const subject = await open();
      const first = await drain(stream(subject.connector, pullOf(subject)));
      const pull = pullOf(subject);
      const second = await drain(stream(subject.connector, pull));
      const again = await drain(stream(subject.connector, pull));
      expect(first.length).toBeGreaterThan(0);
      expect(sorted(second)).toEqual(sorted(first));
      expect(sorted(again)).toEqual(sorted(first));
    });

    test.each(Object.entries(streams))("keeps the keys of %s unique, and its ids text", async (_, stream) => {
      const subject = await open();
      const rows = await drain(stream(subject.connector, pullOf(subject)));
      expect(new Set(rows.map(keyOf)).size).toBe(rows.length);
      for (const row of rows) {
        for (const id of ids) if (id in row) expect(row[id]).toBeTypeOf("string");
        for (const figure of figures) if (figure in row) expect(row[figure]).toMatch(decimalText);
      }
    });

    test.each(Object.entries(daily))("stays within the days asked for in %s", async (_, stream) => {
      const subject = await open();
      const range = { from: addDays(subject.range.from, 1), to: addDays(subject.range.to, -1) };
      const rows = await drain(stream(subject.connector, pullOf(subject, range)));
      expect(rows.length).toBeGreaterThan(0);
      for (const { date } of rows) {
        expect(date).toBeTypeOf("string");
        expect(range.from <= (date as Day) && (date as Day) <= range.to).toBe(true);
      }
    });

    test("gives the account's totals as they really are", async () => {
      const subject = await open();
      const totals = await drain(subject.connector.totals(pullOf(subject)));
      expect(sumsByDay(totals)).toEqual(sumsByDay(subject.truth(subject.range).map((day) => ({ ...day }))));
    });

    test("adds up to the account's totals, by ads or where they fall short by campaigns, unless networks say so", async () => {
      const subject = await open();
      // An exact split by network says what each campaign came to.
      if (subject.connector.networkSplit === "exact") return;
      const pull = pullOf(subject);
      const totals = sumsByDay(await drain(subject.connector.totals(pull)));
      const ads = sumsByDay(await drain(subject.connector.performance(pull)));
      const short = [...totals].some(([date, sum]) => ads.get(date) !== sum);
      if (!short) return;
      const { connector } = subject;
      // An exact split by network holds the campaigns' own totals.
      const campaigns = connector.campaigns
        ? await drain(connector.campaigns(pull))
        : connector.networkSplit === "exact"
          ? await drain(connector.networks(pull))
          : [];
      expect(sumsByDay(campaigns.filter(({ kind }) => kind === "delivery"))).toEqual(totals);
    });

    test("splits delivery by network without losing any, where the platform's split is exact", async () => {
      const subject = await open();
      if (subject.connector.networkSplit !== "exact") return;
      const pull = pullOf(subject);
      const networks = await drain(subject.connector.networks(pull));
      expect(sumsByDay(networks.filter(({ kind }) => kind === "delivery"))).toEqual(
        sumsByDay(await drain(subject.connector.totals(pull))),
      );
    });

    test.each(Object.entries(streams))("stops %s when it is aborted", async (_, stream) => {
      const subject = await open();
      const stop = new AbortController();
      stop.abort();
      const work = drain(stream(subject.connector, pullOf(subject, { signal: stop.signal })));
      const kind = await work.then(
        () => "done",
        (error: unknown) => asFailure(error).kind,
      );
      expect(kind).toBe("cancelled");
    });

    test("says how far back its figures may still change", async () => {
      const { connector } = await open();
      const restatement = connector.restatement({ clickWindowDays: [30], viewWindowDays: [1] });
      expect(restatement.nightlyDays).toBeGreaterThan(0);
      expect(restatement.finalAfterDays).toBeGreaterThanOrEqual(restatement.nightlyDays);
      expect(connector.windowDays).toBeGreaterThan(0);
      expect(connector.historyMonths).toBeGreaterThan(0);
    });
  });
};
