import { createHash } from "node:crypto";
import * as z from "zod";
import { endOfDay } from "../../domain/day.ts";
import { asFailure, Failure } from "../../domain/failure.ts";
import type { ConnectorContext, Memory, Pull } from "../connector.ts";
import { jsonOrUndefined } from "../wire/json.ts";
import { pause } from "../wire/request.ts";
import { accountPart } from "./account-parts.ts";
import type { Ask } from "./client.ts";
import type { Download } from "./download.ts";
import { hasReason, reasons } from "./failures.ts";
import type { Pace } from "./pace.ts";
import { parametersOf, type Question, type StatsBody } from "./stats.ts";

const minuteMs = 60_000;
/** A job in any state but SUCCESS that is older has failed ("Analytics": jobs time out). */
const longestJobMs = 60 * minuteMs;
/** How often a report is submitted again. */
const mostRepeats = 3;
/** How often a link may be dead before the report is submitted anew. */
const mostDeadLinks = 5;
/** For so long results are kept by X. */
const resultsKeptMs = 48 * 60 * minuteMs;
/** An interrupted run goes on with its jobs for so long; later their figures are too old. */
const resumableMs = 6 * 60 * minuteMs;
/** For how long nothing may get room among the account's jobs. */
const longestRoomMs = 60 * minuteMs;
/** Processing at once for an account is 100; some are left for other slices and programs. */
const mostOpen = 90;
/** Submitted side by side. */
const atOnce = 3;
const mostIdsPerPoll = 200;

const jobShape = z.object({
  // Never `id`: as a number it is beyond what JavaScript holds.
  id_str: z.string().min(1),
  status: z.string().nullish(),
  url: z.string().nullish(),
});
const submittedShape = z.object({ data: jobShape });
const polledShape = z.object({ data: z.array(jobShape) });
const keptShape = z.object({ id: z.string().min(1), at: z.number() });

interface Job {
  readonly question: Question;
  readonly key: string;
  /** Waiting to be submitted, in work at X, with a link, or failed for good. */
  state: "waiting" | "open" | "ready" | "failed";
  id: string;
  /** By our clock, epoch ms. */
  submittedAt: number;
  url: string;
  /** Submitted by an earlier run. */
  resumed: boolean;
  repeats: number;
  deadLinks: number;
  failure: Failure | undefined;
}

/** The reports that X computes for one slice, side by side. */
export interface Jobs {
  /** Reports that will be asked for: all are submitted before the first is waited for. */
  announce(questions: readonly Question[]): void;
  /** The result of a report. @throws Failure */
  result(question: Question): Promise<StatsBody>;
  /** The slice has read all it needs: its jobs are not gone on with any more. */
  done(): Promise<void>;
}

interface Options {
  readonly ask: Ask;
  readonly download: Download;
  readonly context: ConnectorContext;
  readonly memory: Memory;
  readonly pace: Pace;
  readonly pull: Pull;
  /** Where jobs are submitted: another place knows nothing of them. */
  readonly api: string;
}

const keyOf = (api: string, ownId: string, question: Question): string => {
  const asked = JSON.stringify([api, parametersOf(question)]);
  return `x:job:${ownId}:${createHash("sha256").update(asked).digest("hex").slice(0, 32)}`;
};

export const createJobs = ({ ask, download, context, memory, pace, pull, api }: Options): Jobs => {
  const { ownId } = accountPart(pull.account.id);
  const { signal } = pull;
  const path = ["stats", "jobs", "accounts", ownId];
  const common = { path, accountId: ownId, signal };
  const now = (): number => context.now().getTime();
  const jobs = new Map<string, Job>();
  let pollMs = 0;
  let roomMs = pace.firstRoomMs;
  let crowdedSince: number | undefined;

  const enlist = (question: Question): Job => {
    const key = keyOf(api, ownId, question);
    let job = jobs.get(key);
    if (!job) {
      job = {
        question,
        key,
        state: "waiting",
        id: "",
        submittedAt: 0,
        url: "",
        resumed: false,
        repeats: 0,
        deadLinks: 0,
        failure: undefined,
      };
      jobs.set(key, job);
    }
    return job;
  };
  const inState = (state: Job["state"]): Job[] => [...jobs.values()].filter((job) => job.state === state);

  /** Whether what an earlier run submitted says as much as a new report would. */
  const isResumable = (at: number): boolean => {
    const age = now() - at;
    const dayEnds = endOfDay(pull.to, pull.account.timeZone).getTime();
    // A report from before the last day was over lacks the rest of that day.
    return age >= 0 && age < resumableMs && (at >= dayEnds || now() < dayEnds);
  };

  const fail = (job: Job, failure: Failure): void => {
    job.state = "failed";
    job.failure = failure;
  };

  const again = async (job: Job, why: string): Promise<void> => {
    await memory.forget([job.key]);
    job.repeats += 1;
    job.deadLinks = 0;
    job.state = "waiting";
    if (job.repeats > mostRepeats)
      fail(
        job,
        new Failure({
          kind: "transient",
          platform: "x",
          accountId: ownId,
          message: `report of ${job.question.report.entity} ${job.question.from} to ${job.question.to}: ${why}, ${String(job.repeats)} times`,
          remedy: "X is unwell; run the sync again later",
        }),
      );
  };

  /** What is wrong with one question says nothing of others; whatever else is wrong would meet them too. */
  const concerns = (failure: Failure, refused: Job, other: Job): boolean => {
    if (other === refused) return true;
    if (failure.reason === reasons.notOnAccount)
      return other.question.report.metricGroups === refused.question.report.metricGroups;
    return failure.reason === undefined || failure.reason === reasons.throttled;
  };

  const submit = async (job: Job): Promise<"submitted" | "no room"> => {
    if (job.repeats === 0 && job.submittedAt === 0) {
      const text = await memory.recall(job.key);
      const kept = text === undefined ? undefined : keptShape.safeParse(jsonOrUndefined(text)).data;
      if (kept && isResumable(kept.at)) {
        Object.assign(job, { state: "open", id: kept.id, submittedAt: kept.at, resumed: true });
        return "submitted";
      }
    }
    try {
      const { data } = await ask({
        ...common,
        method: "POST",
        parameters: parametersOf(job.question),
        name: "submit report",
        schema: submittedShape,
      });
      Object.assign(job, { state: "open", id: data.id_str, submittedAt: now(), resumed: false });
      // Kept before it is waited for: a run that is cut off goes on with it.
      await memory.keep(job.key, JSON.stringify({ id: job.id, at: job.submittedAt }), resumableMs);
    } catch (error) {
      if (hasReason(error, reasons.tooManyJobs)) return "no room";
      const failure = asFailure(error);
      if (failure.kind === "cancelled") throw failure;
      for (const other of inState("waiting")) if (concerns(failure, job, other)) fail(other, failure);
    }
    return "submitted";
  };

  /** Submits what has room, a few at a time. True where X had none left. */
  const submitWaiting = async (): Promise<boolean> => {
    const room = Math.max(0, mostOpen - inState("open").length);
    const waiting = inState("waiting").slice(0, room);
    // New jobs are young: they are looked after sooner than old ones.
    if (waiting.length > 0) pollMs = 0;
    for (let start = 0; start < waiting.length; start += atOnce) {
      // What befell one of them may have ended the others.
      const some = waiting.slice(start, start + atOnce).filter(({ state }) => state === "waiting");
      if ((await Promise.all(some.map(submit))).includes("no room")) return true;
    }
    return false;
  };

  const judge = async (job: Job, found: z.infer<typeof jobShape> | undefined): Promise<void> => {
    if (found?.status === "SUCCESS" && found.url) {
      job.state = "ready";
      job.url = found.url;
    } else if (!found && job.resumed) {
      // What another run submitted may be gone with it: no reason to wait for an hour.
      await memory.forget([job.key]);
      job.state = "waiting";
    } else if (now() - job.submittedAt > longestJobMs) await again(job, "X did not finish it within an hour");
  };

  const poll = async (): Promise<void> => {
    const open = inState("open");
    for (let start = 0; start < open.length; start += mostIdsPerPoll) {
      const some = open.slice(start, start + mostIdsPerPoll);
      // A next cursor is not followed: every job that was asked for fits the page.
      const { data } = await ask({
        ...common,
        parameters: { job_ids: some.map(({ id }) => id).join(","), count: String(mostIdsPerPoll) },
        name: "reports in work",
        schema: polledShape,
      });
      const found = new Map(data.map((job) => [job.id_str, job]));
      for (const job of some) await judge(job, found.get(job.id));
    }
  };

  const waitForRoom = async (): Promise<void> => {
    crowdedSince ??= now();
    if (now() - crowdedSince > longestRoomMs)
      throw new Failure({
        kind: "transient",
        platform: "x",
        accountId: ownId,
        message: "X has had as many reports in work for this account as it allows (100) for an hour",
        remedy: "end the program that asks for them, or run the sync again later",
      });
    await pause(roomMs, signal, "x");
    roomMs = Math.min(roomMs * 2, pace.longestRoomMs);
  };

  /** One round for all jobs: submit, wait, look. */
  const round = async (): Promise<void> => {
    const crowded = await submitWaiting();
    const open = inState("open");
    if (open.length === 0) {
      if (crowded) await waitForRoom();
      return;
    }
    if (!crowded) crowdedSince = undefined;
    // What an earlier run submitted may be done by now.
    const fresh = open.some(({ submittedAt }) => now() - submittedAt < pace.firstPollMs);
    if (fresh || pollMs > 0) {
      pollMs = pollMs === 0 ? pace.firstPollMs : Math.min(pollMs * 1.25, pace.longestPollMs);
      await pause(pollMs, signal, "x");
    } else pollMs = pace.firstPollMs;
    await poll();
  };

  // Several streams may wait at once: they share the round.
  let under: Promise<void> | undefined;
  const shared = (): Promise<void> => {
    under ??= round().finally(() => (under = undefined));
    return under;
  };

  return {
    announce: (questions) => questions.forEach(enlist),
    async result(question) {
      const job = enlist(question);
      for (;;) {
        if (job.failure) {
          const { failure } = job;
          // Who asks again after a passing failure gets another try.
          if (failure.kind === "transient" && job.repeats <= mostRepeats)
            Object.assign(job, { state: "waiting", failure: undefined });
          throw failure;
        }
        if (job.state !== "ready") {
          await shared();
          continue;
        }
        const body = await download(job.url, question, signal);
        if (body) return body;
        // The link is dead: X may name another one.
        job.deadLinks += 1;
        job.state = "open";
        if (job.deadLinks >= mostDeadLinks || now() - job.submittedAt > resultsKeptMs)
          await again(job, "its link was dead");
      }
    },
    done: () => memory.forget([...jobs.keys()]),
  };
};
