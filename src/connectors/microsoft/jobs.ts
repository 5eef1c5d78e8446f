import { createHash } from "node:crypto";
import * as z from "zod";
import { Failure } from "../../domain/failure.ts";
import type { ConnectorContext, Pull } from "../connector.ts";
import { readValue } from "../wire/json.ts";
import { createLanes } from "../wire/lanes.ts";
import { pause } from "../wire/request.ts";
import type { CallAccount, Client } from "./client.ts";
import { reasons } from "./failures.ts";
import type { Pace } from "./pace.ts";
import { type Report, submitBody } from "./reports.ts";

/** The service's own limit is not published; with two a customer no one has been refused. */
const openReportsPerCustomer = 2;
/** How often a report that failed is asked for anew. */
const repeats = 3;
/** An id lives a day ("Request and download a report" has two): older ones answer as if there were no rows. */
const idMs = 24 * 3_600_000;

/** What one report is asked with. */
export interface Asked {
  readonly report: Report;
  readonly pull: Pull;
  readonly account: CallAccount;
  /** Microsoft's name of the account's zone in reports. */
  readonly reportZone: string;
  /** The account's day of today: a report of yesterday's run knows less. */
  readonly today: string;
}

/** A report that is ready: where its file is, and which columns it has. */
export interface Ready {
  readonly url: string;
  readonly columns: readonly string[];
}

interface Submitted {
  readonly id: string;
  readonly columns: readonly string[];
  readonly at: number;
}

const savedShape = z.object({ id: z.string().min(1), columns: z.array(z.string()), at: z.number() });

const about = (what: string) => ({ platform: "microsoft", what }) as const;

const submitAnswer = z.object({
  ReportRequestId: z.union([z.string(), z.number().transform(String)]).nullish(),
});
const pollAnswer = z.object({
  ReportRequestStatus: z.object({ Status: z.string(), ReportDownloadUrl: z.string().nullish() }),
});

type State =
  | { readonly how: "ready"; readonly url: string }
  | { readonly how: "pending" | "empty" | "lost" }
  | { readonly how: "failed"; readonly status: string };

/** Has the platform compute reports, a few at a time for each customer. */
export const createReportJobs = (
  client: Client,
  context: ConnectorContext,
  pace: Pace,
  /** Tells credentials apart: Submit and Poll must use the same. */
  identity: string,
) => {
  const lanes =
    context.lanes ?? createLanes({ platform: "microsoft", now: context.now, maxWaitMs: pace.fullMs });
  /** What a slice has had computed: a stream that is asked again gets a fresh link to the same report. */
  const known = new WeakMap<Pull, Map<string, Submitted | "empty">>();
  /** Reports that were not waited for, by what was asked. */
  const unfinished = new Map<string, Submitted>();
  /** Called when a report of the customer ends: a place may be free. */
  const waiting = new Map<string, Set<() => void>>();
  /** How many of a report's optional columns are still asked for: the platform may refuse one. */
  const optional = new Map<string, number>();

  const knownTo = (pull: Pull): Map<string, Submitted | "empty"> => {
    const own = known.get(pull) ?? new Map<string, Submitted | "empty">();
    known.set(pull, own);
    return own;
  };

  const failed = (
    { report, account }: Asked,
    kind: "transient" | "busy",
    message: string,
    remedy: string,
    retryInMs?: number,
  ) =>
    new Failure({
      kind,
      platform: "microsoft",
      accountId: account.id,
      message: `report of ${report.name}: ${message}`,
      remedy,
      ...(retryInMs === undefined ? {} : { retryAt: new Date(context.now().getTime() + retryInMs) }),
    });

  const keyOf = ({ report, pull, reportZone, today }: Asked): string => {
    const what = JSON.stringify([identity, today, submitBody(report, report.columns, pull, reportZone)]);
    return `microsoft:report:${createHash("sha256").update(what).digest("hex").slice(0, 32)}`;
  };

  const isFresh = ({ at }: Submitted): boolean => context.now().getTime() - at < idMs;

  /** A report that an earlier run did not wait for. */
  const takeUp = async (asked: Asked): Promise<Submitted | undefined> => {
    const key = keyOf(asked);
    const own = unfinished.get(key);
    const text = own ? undefined : await context.memory?.recall(key);
    const saved = own ?? (text === undefined ? undefined : savedShape.safeParse(JSON.parse(text)).data);
    if (!saved) return undefined;
    unfinished.delete(key);
    await context.memory?.forget([key]);
    return isFresh(saved) ? saved : undefined;
  };

  const putAside = async (asked: Asked, submitted: Submitted): Promise<void> => {
    const key = keyOf(asked);
    unfinished.set(key, submitted);
    // Whoever gives up must not fail for that as well.
    await context.memory
      ?.keep(key, JSON.stringify(submitted), idMs)
      .catch((error: unknown) => context.log.warn({ err: error }, "a report's id could not be kept"));
  };

  /** Waits, but no longer than until a report of the customer has ended. */
  const unlessOneEnds = async (ms: number, customerId: string, signal: AbortSignal): Promise<void> => {
    const over = new AbortController();
    const wake = () => over.abort();
    const others = waiting.get(customerId) ?? new Set();
    waiting.set(customerId, others.add(wake));
    try {
      await pause(ms, AbortSignal.any([signal, over.signal]), "microsoft");
    } catch (error) {
      if (!over.signal.aborted || signal.aborted) throw error;
    } finally {
      others.delete(wake);
    }
  };

  const submitOnce = async (asked: Asked, columns: readonly string[]): Promise<Submitted> => {
    const path = "GenerateReport/Submit";
    const { account, pull, report, reportZone } = asked;
    const id = await client.ask({
      service: "reporting",
      path,
      body: submitBody(report, columns, pull, reportZone),
      account,
      signal: pull.signal,
      read(answer) {
        const { ReportRequestId: given } = readValue(answer, submitAnswer, about(path));
        // Null comes at random, and means that there is no report.
        if (given) return given;
        throw failed(asked, "transient", "Microsoft took the request and named no report", "try again later");
      },
    });
    return { id, columns, at: context.now().getTime() };
  };

  const submit = async (asked: Asked): Promise<Submitted> => {
    const { report, account, pull } = asked;
    const started = performance.now();
    for (let waitMs = pace.firstFullMs; ;) {
      const more = optional.get(report.name) ?? report.optional.length;
      try {
        return await submitOnce(asked, [...report.columns, ...report.optional.slice(0, more)]);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        if (error.reason === reasons.columns && more > 0) {
          optional.set(report.name, more - 1);
          context.log.warn(
            { report: report.name, left_out: report.optional[more - 1], code: error.code },
            "Microsoft refuses the columns of a report: it is asked for with one name less",
          );
          continue;
        }
        if (error.reason !== reasons.tooManyReports) throw error;
        if (performance.now() - started > pace.fullMs)
          throw failed(asked, "busy", error.message, error.remedy, pace.longestFullMs);
        context.log.info({ account: account.id, report: report.name, waitMs }, "too many reports are open");
        await unlessOneEnds(waitMs, account.customerId, pull.signal);
        waitMs = Math.min(waitMs * 2, pace.longestFullMs);
      }
    }
  };

  const poll = async ({ account, pull }: Asked, { id }: Submitted): Promise<State> => {
    const path = "GenerateReport/Poll";
    try {
      const { Status: status, ReportDownloadUrl: url } = await client.ask({
        service: "reporting",
        path,
        body: { ReportRequestId: id },
        account,
        signal: pull.signal,
        read: (answer) => readValue(answer, pollAnswer, about(path)).ReportRequestStatus,
      });
      if (status === "Pending") return { how: "pending" };
      if (status !== "Success") return { how: "failed", status: status.slice(0, 40) };
      return url ? { how: "ready", url } : { how: "empty" };
    } catch (error) {
      if (error instanceof Failure && error.reason === reasons.unknownReport) return { how: "lost" };
      throw error;
    }
  };

  /** Asks for the state until it is another than pending. */
  const follow = async (asked: Asked, submitted: Submitted): Promise<State> => {
    const started = performance.now();
    try {
      for (let delayMs = pace.firstPollMs; ; delayMs = Math.min(delayMs * 2, pace.longestPollMs)) {
        await pause(delayMs, asked.pull.signal, "microsoft");
        const state = await poll(asked, submitted);
        if (state.how !== "pending") return state;
        if (performance.now() - started < pace.reportMs) continue;
        const minutes = String(Math.round(pace.reportMs / 60_000));
        throw failed(
          asked,
          "busy",
          `Microsoft has not finished it within ${minutes} minutes`,
          "run the sync again later: it goes on with the same report",
          pace.longestPollMs,
        );
      }
    } catch (error) {
      await putAside(asked, submitted);
      throw error;
    }
  };

  const compute = async (asked: Asked): Promise<Ready | undefined> => {
    const own = knownTo(asked.pull);
    let resumed = await takeUp(asked);
    for (let failures = 0; ;) {
      const submitted = resumed ?? (await submit(asked));
      const state = await follow(asked, submitted);
      if (state.how === "ready") {
        own.set(asked.report.name, submitted);
        return { url: state.url, columns: submitted.columns };
      }
      // Of a report just made, Success without a link means no rows; of an old one it may mean that it is forgotten.
      if (state.how === "empty" && !resumed) {
        own.set(asked.report.name, "empty");
        return undefined;
      }
      const wasResumed = resumed !== undefined;
      resumed = undefined;
      if (wasResumed) continue;
      failures += 1;
      const why = state.how === "failed" ? `it ended as ${state.status}` : "Microsoft no longer knows it";
      if (failures >= repeats)
        throw failed(asked, "transient", `${why}, ${String(repeats)} times`, "try again later");
      context.log.info(
        { account: asked.account.id, report: asked.report.name, why },
        "report is asked for anew",
      );
    }
  };

  return {
    /** A link to the report's file, fresh; undefined where the report has no rows. @throws Failure */
    async ready(asked: Asked): Promise<Ready | undefined> {
      const before = knownTo(asked.pull).get(asked.report.name);
      if (before === "empty") return undefined;
      if (before && isFresh(before)) {
        const state = await poll(asked, before);
        if (state.how === "ready") return { url: state.url, columns: before.columns };
      }
      const { customerId } = asked.account;
      const lane = `microsoft reports of customer ${customerId}`;
      const leave = await lanes.enter(lane, openReportsPerCustomer, asked.pull.signal);
      try {
        return await compute(asked);
      } finally {
        leave();
        for (const wake of waiting.get(customerId) ?? []) wake();
      }
    },
  };
};
