import { createHash } from "node:crypto";
import { dayAt } from "../../domain/day.ts";
import type { BreakdownDay } from "../../domain/facts.ts";
import { Failure } from "../../domain/failure.ts";
import type { Connector, ConnectorContext, KnownWindows, Pull, Restatement } from "../connector.ts";
import { pause } from "../wire/request.ts";
import { discover } from "./accounts.ts";
import { dayReader } from "./cells.ts";
import { createClient } from "./client.ts";
import { reasons } from "./failures.ts";
import { type Asked, createReportJobs } from "./jobs.ts";
import { bucketOf, partsOf } from "./labels.ts";
import { createLearned, type Learned } from "./learned.ts";
import { accountDays, adDays, conversionDays } from "./normalize.ts";
import { type Pace, usualPace } from "./pace.ts";
import { type ReportRows, reportRows } from "./report-file.ts";
import {
  adReport,
  breakdownSplits,
  goalReport,
  networkSplit,
  type Report,
  type Split,
  totalReport,
} from "./reports.ts";
import type { MicrosoftSettings } from "./settings.ts";
import { asNetworkDays, createSplitConversions, createSplitDeliveries } from "./splits.ts";
import { reportZoneOf } from "./time-zones.ts";

/** A goal's window is 1 minute to 90 days, 30 days usually. */
const usualDays = 30;
const longestDays = 90;

const restatement = ({ lookbackDays }: MicrosoftSettings, known: KnownWindows): Restatement => {
  const longest = Math.max(usualDays, ...known.clickWindowDays, ...known.viewWindowDays);
  const nightlyDays = lookbackDays ?? Math.min(longestDays, longest);
  return { nightlyDays, finalAfterDays: Math.max(nightlyDays, longestDays) };
};

/** How often a file is fetched anew, each time by a fresh link, before the first of its rows has been handed on. */
const downloads = 4;

const batchOf = 2_000;

function* inBatches<T>(items: Iterable<T>): Generator<readonly T[]> {
  let batch: T[] = [];
  for (const item of items) {
    batch.push(item);
    if (batch.length < batchOf) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** Microsoft Advertising, by its reports alone. */
export const createMicrosoft = (
  settings: MicrosoftSettings,
  context: ConnectorContext,
  pace: Pace = usualPace,
  pageSize?: number,
): Connector => {
  const client = createClient(settings, context, pace);
  const identity = createHash("sha256")
    .update([settings.clientId, settings.refreshToken].join("\n"))
    .digest("hex");
  const jobs = createReportJobs(client, context, pace, identity);

  const learnedOf = new WeakMap<Pull, Learned>();
  const learned = (pull: Pull): Learned => {
    const own = learnedOf.get(pull) ?? createLearned();
    learnedOf.set(pull, own);
    return own;
  };
  /** Slices whose goals have been read to the end, so that every name has its id. */
  const goalsRead = new WeakSet<Pull>();

  /** The customer of an account that came without one: from discovery, asked once. */
  let customers: Promise<ReadonlyMap<string, string>> | undefined;
  const discovered = async (signal: AbortSignal): Promise<ReadonlyMap<string, string>> => {
    const found = new Map<string, string>();
    for await (const { id, via } of discover(client, signal, pageSize))
      if (via !== undefined) found.set(id, via);
    return found;
  };
  const customerOf = async ({ account, signal }: Pull): Promise<string> => {
    if (account.via !== undefined) return account.via;
    customers ??= discovered(signal);
    const found = await customers.catch((error: unknown) => {
      customers = undefined;
      throw error;
    });
    const customerId = found.get(account.id);
    if (customerId !== undefined) return customerId;
    throw new Failure({
      kind: "account",
      platform: "microsoft",
      accountId: account.id,
      message: "the user does not reach this ad account",
      remedy:
        "give the user who signed in a role on the account, or leave it out of connectors.microsoft.accounts",
    });
  };

  const askedFor = async (pull: Pull, report: Report): Promise<Asked> => {
    const { account } = pull;
    const reportZone = reportZoneOf(account.timeZone);
    if (reportZone === undefined)
      throw new Failure({
        kind: "account",
        platform: "microsoft",
        accountId: account.id,
        code: "time_zone",
        message: `Microsoft reports in no time zone that is ${account.timeZone}: the account's days cannot be asked for`,
        remedy: "run costper accounts, which reads the account's zone again",
      });
    return {
      report,
      pull,
      account: { id: account.id, customerId: await customerOf(pull), active: account.active },
      reportZone,
      today: dayAt(context.now(), account.timeZone),
    };
  };

  /** The rows of a report, while its file comes in. */
  async function* rows(pull: Pull, report: Report): ReportRows {
    const asked = await askedFor(pull, report);
    const startedAt = performance.now();
    let count = 0;
    for (let attempt = 1; ; attempt += 1) {
      const ready = await jobs.ready(asked);
      if (!ready) return;
      try {
        const answer = await client.download(ready.url, asked.account, pull.signal);
        try {
          for await (const batch of reportRows(() => answer.read(), ready.columns)) {
            count += batch.length;
            yield batch;
          }
        } finally {
          answer.close();
        }
        context.log.debug(
          {
            account: pull.account.id,
            report: report.name,
            rows: count,
            ms: Math.round(performance.now() - startedAt),
          },
          "report read",
        );
        return;
      } catch (error) {
        const again = error instanceof Failure && error.kind === "transient" && count === 0;
        if (!again || attempt >= downloads) throw error;
        context.log.info(
          { account: pull.account.id, report: report.name, code: error.code },
          "report is fetched again",
        );
        if (error.reason !== reasons.expiredLink)
          await pause(pace.firstDelayMs * attempt, pull.signal, "microsoft");
      }
    }
  }

  const warned = new Set<string>();
  const bucket = (label: string): string =>
    bucketOf(label, (unknown) => {
      if (warned.has(unknown) || warned.size > 100) return;
      warned.add(unknown);
      context.log.warn(
        { network: unknown.slice(0, 100) },
        "Microsoft reports a network that costper does not know: it is told as other",
      );
    });

  /** The id of a goal by its name; undefined, with a warning, where several goals have it. */
  const goalIds = (pull: Pull) => {
    const ambiguous = new Set<string>();
    return (name: string): string | undefined => {
      const [id, ...more] = learned(pull).idsOf(name);
      if (more.length === 0) return id ?? name;
      if (!ambiguous.has(name))
        context.log.warn(
          { account: pull.account.id, goal: name.slice(0, 100) },
          "several goals have one name: their conversions are not split by network; rename one of them",
        );
      ambiguous.add(name);
      return undefined;
    };
  };

  async function* conversions(pull: Pull): ReturnType<Connector["conversions"]> {
    const [day, { noteGoal }] = [dayReader(pull), learned(pull)];
    for await (const batch of rows(pull, goalReport)) {
      const days = conversionDays(batch, day, noteGoal);
      if (days.length > 0) yield days;
    }
    goalsRead.add(pull);
  }

  /** Campaign-days by a column, delivery first; a file's labels may be several to a part, so parts come at its end. */
  async function* divided(
    pull: Pull,
    split: Split,
    part: (label: string) => string,
  ): AsyncGenerator<readonly BreakdownDay[]> {
    const reading = { split, day: dayReader(pull), part };
    const { noteCampaign, noteGoal } = learned(pull);
    const deliveries = createSplitDeliveries(reading, pull.account.currency, noteCampaign);
    for await (const batch of rows(pull, split.deliveries)) deliveries.read(batch);
    yield* inBatches(deliveries.rows());
    if (!goalsRead.has(pull)) for await (const _ of conversions(pull));
    const outcomes = createSplitConversions(reading, goalIds(pull), noteGoal);
    for await (const batch of rows(pull, split.goals)) outcomes.read(batch);
    yield* inBatches(outcomes.rows());
  }

  async function* networks(pull: Pull): ReturnType<Connector["networks"]> {
    for await (const batch of divided(pull, networkSplit, bucket)) yield asNetworkDays(batch);
  }

  return {
    platform: "microsoft",
    windowDays: 31,
    historyMonths: 36,
    networkSplit: "exact",
    concurrency: { platform: 4, account: 2 },
    restatement: (known) => restatement(settings, known),
    accounts: (signal) => discover(client, signal, pageSize),

    async *performance(pull) {
      const [day, { noteAd }] = [dayReader(pull), learned(pull)];
      for await (const batch of rows(pull, adReport)) {
        const days = adDays(batch, day, noteAd);
        if (days.length > 0) yield days;
      }
    },

    conversions,

    networks,

    breakdowns: Object.fromEntries(
      settings.breakdowns.map((breakdown) => [
        breakdown,
        (pull: Pull) => divided(pull, breakdownSplits[breakdown], partsOf[breakdown]),
      ]),
    ),

    async *totals(pull) {
      const day = dayReader(pull);
      for await (const batch of rows(pull, totalReport)) {
        const days = accountDays(batch, day);
        if (days.length > 0) yield days;
      }
    },

    async *entities(pull) {
      // Names come with the figures: asked alone, the reports are read for them.
      if (!learnedOf.has(pull)) {
        for await (const batch of rows(pull, adReport)) adDays(batch, dayReader(pull), learned(pull).noteAd);
        for await (const _ of networks(pull));
      }
      yield* inBatches(learned(pull).entities());
    },
  };
};
