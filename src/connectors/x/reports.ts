import type { ConnectorContext, Memory, Pull } from "../connector.ts";
import { accountPart } from "./account-parts.ts";
import type { Activity } from "./activity.ts";
import { createCallBudget } from "./call-budget.ts";
import type { Ask } from "./client.ts";
import type { Download } from "./download.ts";
import { hasReason, reasons } from "./failures.ts";
import { createJobs, type Jobs } from "./jobs.ts";
import type { Pace } from "./pace.ts";
import {
  type Answered,
  type Batch,
  batchesOf,
  halvesOf,
  parametersOf,
  type Question,
  type Report,
  type StatsBody,
  statsShape,
  synchronousDays,
} from "./stats.ts";

/** The longest window of one job, and so of one slice; X takes 90 days. */
export const windowDays = 85;

/** Requests of one account at once. */
export const accountConcurrency = 3;

/** A synchronous call waits so long for the limit; else jobs, which have none, are quicker. */
const longestWaitMs = 30_000;

const documentedPlacements: readonly string[] = ["ALL_ON_TWITTER", "SPOTLIGHT", "TREND"];

/** A report of a slice: its batches by spans of a synchronous call, and by whole windows for jobs. Both have the same
 * entities at the same place. */
interface Plan {
  readonly short: readonly Batch[];
  readonly long: readonly Batch[];
}

interface SliceWay {
  readonly plans: Map<Report, Plan>;
  readonly jobs: Jobs;
  /** Reports that are computed as jobs. */
  readonly asJobs: Set<Report>;
}

export interface Reports {
  /** Says which reports of a slice will be read, so that X computes them side by side. Known ones are passed over. */
  announce(pull: Pull, reports: readonly (readonly [Report, readonly Activity[]])[]): void;
  /** The answers of an announced report, batch by batch. Nothing for web conversions that the account does not have. */
  answers(pull: Pull, report: Report): AsyncGenerator<readonly Answered[]>;
  /** The slice has read its figures. */
  done(pull: Pull): Promise<void>;
}

interface Options {
  readonly ask: Ask;
  readonly download: Download;
  readonly context: ConnectorContext;
  readonly memory: Memory;
  readonly pace: Pace;
  readonly api: string;
}

export const createReports = ({ ask, download, context, memory, pace, api }: Options): Reports => {
  const budget = createCallBudget(context.now);
  const ways = new WeakMap<Pull, SliceWay>();
  const withoutWeb = new Set<string>();
  const warned = new Set<string>();

  const wayOf = (pull: Pull): SliceWay => {
    let way = ways.get(pull);
    if (!way) {
      const jobs = createJobs({ ask, download, context, memory, pace, pull, api });
      ways.set(pull, (way = { plans: new Map(), jobs, asJobs: new Set() }));
    }
    return way;
  };

  const warnOnce = (accountId: string, about: string, message: string): void => {
    const key = `${accountId} ${about}`;
    if (warned.has(key)) return;
    warned.add(key);
    context.log.warn({ platform: "x", account: accountId, about }, message);
  };

  const askNow = (pull: Pull, question: Question): Promise<StatsBody> => {
    const { ownId } = accountPart(pull.account.id);
    return ask({
      path: ["stats", "accounts", ownId],
      parameters: parametersOf(question),
      name: "stats",
      accountId: ownId,
      signal: pull.signal,
      schema: statsShape,
      longestWaitMs,
      onQuota: (quota) => budget.note(ownId, quota),
    });
  };

  /** The answers to a question; it is halved where X finds it too complex or does not know one of its ids. */
  const answersTo = async (
    pull: Pull,
    question: Question,
    get: (question: Question) => Promise<StatsBody>,
  ): Promise<readonly Answered[]> => {
    try {
      return [{ question, body: await get(question) }];
    } catch (error) {
      const unknown = hasReason(error, reasons.unknownEntity);
      if (unknown && question.ids.length === 1) {
        warnOnce(
          pull.account.id,
          question.ids[0] ?? "",
          "X names an entity as active and does not know it: it is left out, its figures count as unattributed",
        );
        return [];
      }
      const halves = unknown || hasReason(error, reasons.tooComplex) ? halvesOf(question) : undefined;
      if (halves) return (await Promise.all(halves.map((half) => answersTo(pull, half, get)))).flat();
      if (hasReason(error, reasons.invalidParameter) && !documentedPlacements.includes(question.placement)) {
        warnOnce(
          pull.account.id,
          question.placement,
          "X names a placement as active and gives no figures of it: it is left out",
        );
        return [];
      }
      throw error;
    }
  };

  /** So many questions of one account at a time; jobs are all in work by then. */
  const batchAnswers = async (
    pull: Pull,
    batch: Batch,
    get: (question: Question) => Promise<StatsBody>,
  ): Promise<readonly Answered[]> => {
    const answers: Answered[] = [];
    for (let start = 0; start < batch.length; start += accountConcurrency) {
      const some = batch.slice(start, start + accountConcurrency);
      answers.push(...(await Promise.all(some.map((question) => answersTo(pull, question, get)))).flat());
    }
    return answers;
  };

  /** From batch `index` on, the report is computed as jobs. */
  const turnToJobs = ({ plans, jobs, asJobs }: SliceWay, report: Report, index: number): void => {
    asJobs.add(report);
    jobs.announce((plans.get(report)?.long ?? []).slice(index).flat());
  };

  async function* planned(pull: Pull, report: Report): AsyncGenerator<readonly Answered[]> {
    const way = wayOf(pull);
    const { short, long } = way.plans.get(report) ?? { short: [], long: [] };
    const { ownId } = accountPart(pull.account.id);
    for (const [index, batch] of short.entries()) {
      if (!way.asJobs.has(report))
        try {
          yield await batchAnswers(pull, batch, (question) => askNow(pull, question));
          continue;
        } catch (error) {
          if (!hasReason(error, reasons.throttled)) throw error;
          budget.exhaust(ownId, error.retryAt ?? context.now());
          context.log.info(
            { platform: "x", account: pull.account.id, until: error.retryAt },
            "X's limit of synchronous stats is reached: the rest is computed as jobs",
          );
          for (const [other] of way.plans)
            if (!way.asJobs.has(other)) turnToJobs(way, other, other === report ? index : 0);
        }
      yield await batchAnswers(pull, long[index] ?? [], (question) => way.jobs.result(question));
    }
  }

  return {
    announce(pull, reports) {
      const way = wayOf(pull);
      const { ownId } = accountPart(pull.account.id);
      const fresh = reports.filter(([report]) => !way.plans.has(report));
      let calls = 0;
      for (const [report, activities] of fresh) {
        const plan = {
          short: batchesOf(report, activities, synchronousDays),
          long: batchesOf(report, activities, windowDays),
        };
        way.plans.set(report, plan);
        calls += plan.short.flat().length;
      }
      if (calls <= pace.mostCalls && budget.take(ownId, calls)) return;
      for (const [report] of fresh) turnToJobs(way, report, 0);
    },
    async *answers(pull, report) {
      const { ownId } = accountPart(pull.account.id);
      const isWeb = report.metricGroups === "WEB_CONVERSION";
      if (isWeb && withoutWeb.has(ownId)) return;
      try {
        yield* planned(pull, report);
      } catch (error) {
        if (!isWeb || !hasReason(error, reasons.notOnAccount)) throw error;
        withoutWeb.add(ownId);
        warnOnce(
          pull.account.id,
          "web conversions",
          "the account has no web conversions at X: none are counted; set up conversion tracking at X to have them",
        );
      }
    },
    done: (pull) => wayOf(pull).jobs.done(),
  };
};
