import { expect, test } from "vitest";
import { evaluateAlerts } from "../../src/alerts/evaluate.ts";
import { divide, type Exact, exact, multiply, one, toText } from "../../src/domain/decimal.ts";
import { freshDatabase } from "../support/database.ts";
import { seededRandom } from "../support/random.ts";
import {
  dayKey,
  lastDay,
  randomWorld,
  rateKey,
  type World,
  type WorldAccount,
  type WorldRow,
  writeWorld,
} from "./random-world.ts";
import { ruleFrom, storedAlerts } from "./seed.ts";

type Metric = "spend" | "conversions" | "cost_per_conversion" | "cost_per_click" | "return_on_ad_spend";

interface Rule {
  readonly metric: Metric;
  readonly by: readonly ("platform" | "account" | "campaign")[];
  readonly days: number;
  readonly settle: number;
  readonly kind: "above" | "changeAbove" | "anomaly";
  readonly converted: boolean;
  /** As it is written: `*` matches every campaign, also one without a name. */
  readonly campaign: string;
}

const pick = <Value>(random: () => number, values: readonly Value[]): Value => {
  const value = values[Math.floor(random() * values.length)];
  if (value === undefined) throw new RangeError("nothing to pick from");
  return value;
};

const randomRule = (random: () => number): Rule => {
  const kind = pick(random, ["above", "changeAbove", "anomaly"] as const);
  const by = pick(random, [[], ["platform"], ["account"], ["campaign"]] as const);
  return {
    kind,
    by,
    metric: pick(random, [
      "spend",
      "conversions",
      "cost_per_conversion",
      "cost_per_click",
      "return_on_ad_spend",
    ]),
    days: pick(random, [1, 3, 7, 14]),
    settle: pick(random, [0, 2]),
    // Accounts of two currencies add up in one alone, and an amount is said in one.
    converted: kind === "above" || by[0] === undefined || by[0] === "platform" || random() < 0.5,
    campaign: pick(random, ["*", "*", "b*", "Campaign b_2"]),
  };
};

const written = (rule: Rule, name: string) =>
  ruleFrom({
    name,
    metric: rule.metric,
    ...(rule.by.length === 0 ? {} : { by: rule.by }),
    window: `${String(rule.days)}d`,
    settle: `${String(rule.settle)}d`,
    ...(rule.converted ? { currency: "DKK" } : {}),
    ...(rule.campaign === "*" ? {} : { where: { campaign: rule.campaign } }),
    ...(rule.kind === "anomaly"
      ? { anomaly: { sensitivity: 3 } }
      : rule.kind === "above"
        ? { above: 5 }
        : { changeAbove: "10%" }),
  });

const matches = ({ campaign }: Rule, row: WorldRow): boolean =>
  campaign === "*" || (campaign === "b*" ? row.campaign.startsWith("b") : row.campaign === "b_2");

const reachOf = ({ by }: Rule, { platform, id }: WorldAccount) =>
  by.length === 0 ? {} : { platform, ...(by[0] === "platform" ? {} : { account_id: id }) };

/** The series of a row; a campaign's name is left out. */
const seriesOf = (rule: Rule, row: WorldRow): string =>
  JSON.stringify({
    ...reachOf(rule, row.account),
    ...(rule.by[0] === "campaign" ? { campaign_id: row.campaign } : {}),
  });

type Added = Record<"spend" | "clicks" | "conversions" | "value", Exact> & { rows: number };

/** Sums of a series by hand, over ages from `from` up to, not including, `to`. */
const add = (world: World, rule: Rule, rows: readonly WorldRow[], from: number, to: number): Added => {
  const sum: Added = { spend: 0n, clicks: 0n, conversions: 0n, value: 0n, rows: 0 };
  for (const row of rows.filter(({ age }) => age >= from && age < to)) {
    const rate = rule.converted
      ? (world.rates.get(rateKey(row.account.currency, row.age)) ?? 0n)
      : 1_000_000n;
    sum.spend += row.spend * rate;
    sum.value += row.value * rate;
    sum.clicks += row.clicks * 1_000_000n;
    sum.conversions += row.conversions * 1_000_000n;
    sum.rows += 1;
  }
  return sum;
};

const figure = ({ metric }: Rule, { spend, clicks, conversions, value }: Added): Exact | null => {
  const [part, whole] = {
    spend: [spend, one],
    conversions: [conversions, one],
    cost_per_conversion: [spend, conversions],
    cost_per_click: [spend, clicks],
    return_on_ad_spend: [value, spend],
  }[metric] as [Exact, Exact];
  return whole === 0n ? null : divide(part, whole);
};

const middle = (values: readonly Exact[]): Exact => {
  const sorted = [...values].sort((a, b) => (a < b ? -1 : 1));
  const high = sorted[sorted.length >> 1] ?? 0n;
  return sorted.length % 2 === 1 ? high : (high + (sorted[(sorted.length >> 1) - 1] ?? 0n)) / 2n;
};

const size = (value: Exact): Exact => (value < 0n ? -value : value);

/** Lowest and highest usual figure of a series, from each earlier window by itself. */
const usual = (world: World, rule: Rule, rows: readonly WorldRow[], accounts: readonly WorldAccount[]) => {
  const begun = new Map(
    accounts.map((account) => [
      account,
      Math.max(...world.rows.filter((row) => row.account === account).map(({ age }) => age)),
    ]),
  );
  const history = new Map<number, Exact>();
  for (let age = 1; age <= 56; age += 1) {
    const from = rule.settle + age;
    const measured = new Set(
      accounts.filter((account) => from + rule.days - 1 <= (begun.get(account) ?? -1)),
    );
    const days = Array.from({ length: rule.days }, (_, day) => from + day);
    if (
      measured.size === 0 ||
      [...measured].some((account) => days.some((day) => world.lacking.has(dayKey(account, day))))
    )
      continue;
    const sum = add(
      world,
      rule,
      rows.filter(({ account }) => measured.has(account)),
      from,
      from + rule.days,
    );
    const value = figure(rule, sum);
    if (value !== null && (sum.rows > 0 || rule.by[0] !== "campaign")) history.set(age, value);
  }
  const same = (age: number): Exact =>
    middle([...history].filter(([other]) => other % 7 === age % 7).map(([, value]) => value));
  if (history.size < 28 || ![...history.keys()].some((age) => age % 7 === 0)) return undefined;
  const center = same(0);
  const spread = multiply(
    middle([...history].map(([age, value]) => size(value - same(age)))),
    exact("1.4826"),
  );
  const least = multiply(center, exact("0.05"));
  const reach = 3n * (spread > least ? spread : least);
  return { low: center - reach, high: center + reach };
};

/** What a rule has to say of each of its series, each figure added up by hand. */
const byHand = (world: World, rule: Rule) => {
  const { settle, days, kind, metric } = rule;
  const end = settle + days * (kind === "changeAbove" ? 2 : 1);
  const rows = world.rows.filter((row) => matches(rule, row));
  const series = new Map(rows.map((row) => [seriesOf(rule, row), row.account]));
  if (rule.by[0] !== "campaign")
    for (const account of world.accounts) series.set(JSON.stringify(reachOf(rule, account)), account);
  const seen = new Map<string, unknown>();
  const unknown = { value: null, threshold: null, spend: null };
  const lacks = (account: WorldAccount): boolean =>
    Array.from({ length: end - settle }, (_, day) => dayKey(account, settle + day)).some((day) =>
      world.lacking.has(day),
    );
  for (const [id, owner] of series) {
    const own = rows.filter((row) => seriesOf(rule, row) === id);
    const reach = JSON.stringify(reachOf(rule, owner));
    const accounts = world.accounts.filter((account) => JSON.stringify(reachOf(rule, account)) === reach);
    const now = add(world, rule, own, settle, settle + days);
    const before = add(world, rule, own, settle + days, end);
    if (rule.by[0] === "campaign" && now.rows + before.rows === 0) continue;
    if (accounts.some(lacks)) {
      seen.set(id, unknown);
      continue;
    }
    const value = figure(rule, now);
    const earlier = figure(rule, before);
    const band = kind === "anomaly" ? usual(world, rule, own, accounts) : undefined;
    const down = metric === "conversions" || metric === "return_on_ad_spend";
    const low = down || (metric === "spend" && value !== null && band !== undefined && value < band.low);
    const limit = {
      above: exact("5"),
      changeAbove: earlier === null || earlier === 0n ? null : multiply(earlier, exact("1.1")),
      anomaly: (low ? band?.low : band?.high) ?? null,
    }[kind];
    const text = (figured: Exact | null): string | null => (figured === null ? null : toText(figured));
    seen.set(id, { value: text(value), threshold: text(limit), spend: text(now.spend) });
  }
  // An account without whole figures is told of even where none of its campaigns has a row.
  for (const account of world.accounts.filter(lacks)) {
    const reach = JSON.stringify(reachOf(rule, account));
    if (![...seen.keys()].some((id) => id.startsWith(reach.slice(0, -1)))) seen.set(reach, unknown);
  }
  return seen;
};

test("every rule says of every series what its figures come to when they are added up by hand", async () => {
  const random = seededRandom("alerts' sums");
  let compared = 0;
  for (let round = 0; round < 2; round += 1) {
    const database = await freshDatabase();
    const world = randomWorld(random);
    await writeWorld(database, world);
    const rules = Array.from({ length: 60 }, (_, index) => ({
      name: `rule ${String(index)}`,
      rule: randomRule(random),
    }));
    const { problems } = await evaluateAlerts({
      db: database.db,
      rules: rules.map(({ name, rule }) => written(rule, name)),
      notifiers: {},
      now: new Date(`${lastDay}T23:00:00Z`),
      asOf: lastDay,
    });
    expect(problems).toEqual([]);
    const stored = await storedAlerts(database);
    for (const { name, rule } of rules) {
      const said = new Map(
        stored
          .filter((alert) => alert.rule === name)
          .map(({ labels, value, threshold, spend }) => [
            JSON.stringify({
              platform: labels["platform"],
              account_id: labels["account_id"],
              campaign_id: labels["campaign_id"],
            }),
            { value, threshold, spend },
          ]),
      );
      const expected = byHand(world, rule);
      expect(Object.fromEntries(said), `${name}: ${JSON.stringify(rule)}`).toEqual(
        Object.fromEntries(expected),
      );
      compared += expected.size;
    }
  }
  expect(compared).toBeGreaterThan(500);
});
