import { gzipSync } from "node:zlib";
import type { Exchange } from "../server.ts";
import { echoOf, type StatsRequest } from "./stats.ts";
import { jsonText, listOf, pageOf, type Params, rawNumber, utcText, XRefusal } from "./wire.ts";

interface Job {
  readonly id: string;
  readonly accountId: string;
  readonly asked: StatsRequest;
  readonly createdAt: Date;
  /** Polls that still answer PROCESSING; one more may be SUCCESS without a url. */
  pending: number;
  doneAt: Date | undefined;
}

const mostProcessing = 100;
/** A job that nobody asks after is done after so long. */
const longestMs = 60_000;
const expiryMs = 48 * 3_600_000;

export interface JobOptions {
  readonly clock: () => Date;
  /** Polls that answer PROCESSING before a job is done. */
  readonly polls: number;
  /** The link of some jobs comes one poll later than the state. */
  readonly lateLinks: boolean;
  readonly bodyOf: (asked: StatsRequest, accountId: string) => unknown;
  /** Scheme, host and port of the results. */
  readonly resultsUrl: (exchange: Exchange) => string;
}

/** Asynchronous stats: submitted, polled, fetched from another host. */
export const createJobs = ({ clock, polls, lateLinks, bodyOf, resultsUrl }: JobOptions) => {
  const jobs = new Map<string, Job>();
  let last = 1_234_567_890_123_456_789n;
  const authorizations: (string | undefined)[] = [];

  const settle = (job: Job): void => {
    if (!job.doneAt && clock().getTime() - job.createdAt.getTime() >= longestMs && job.pending !== Infinity)
      job.doneAt = clock();
  };
  const processing = (accountId: string): number => {
    const open = [...jobs.values()].filter((job) => job.accountId === accountId && !job.doneAt);
    open.forEach(settle);
    return open.filter(({ doneAt }) => !doneAt).length;
  };

  const shown = (exchange: Exchange, job: Job, url: boolean) => ({
    ...echoOf(job.asked),
    id: rawNumber(job.id),
    id_str: job.id,
    status: job.doneAt ? "SUCCESS" : "PROCESSING",
    url: job.doneAt && url ? `${resultsUrl(exchange)}/results/${job.id}.json.gz` : null,
    expires_at: job.doneAt ? utcText(new Date(job.doneAt.getTime() + expiryMs)) : null,
    account_id: job.accountId,
    created_at: utcText(job.createdAt),
    updated_at: utcText(job.doneAt ?? job.createdAt),
  });

  return {
    /** The Authorization header of each download; none should have any. */
    authorizations,
    get submitted(): number {
      return jobs.size;
    },
    submit(exchange: Exchange, accountId: string, params: Params, asked: StatsRequest): void {
      if (processing(accountId) >= mostProcessing)
        throw new XRefusal(400, "TOO_MANY_JOBS", "Too many jobs are processing for this account");
      const job: Job = {
        id: String((last += 1n)),
        accountId,
        asked,
        createdAt: clock(),
        pending: polls,
        doneAt: undefined,
      };
      jobs.set(job.id, job);
      const body = { request: { params: Object.fromEntries(params) }, data: shown(exchange, job, false) };
      exchange.text(202, jsonText(body), { "content-type": "application/json" });
    },
    poll(exchange: Exchange, accountId: string, params: Params): void {
      const ids = listOf(params, "job_ids", 200);
      const own = [...jobs.values()].filter(
        (job) => job.accountId === accountId && (ids === undefined || ids.includes(job.id)),
      );
      const data = own.map((job) => {
        settle(job);
        if (job.doneAt) return shown(exchange, job, true);
        if (job.pending > 0) {
          job.pending -= 1;
          return shown(exchange, job, true);
        }
        job.doneAt = clock();
        return shown(exchange, job, !lateLinks || BigInt(job.id) % 3n !== 0n);
      });
      const page = pageOf(exchange.path, params, data);
      // X names a next cursor also where every job that was asked for is there.
      const body = { ...page, next_cursor: page.next_cursor ?? (ids && data.length > 0 ? "more" : null) };
      exchange.text(200, jsonText(body), { "content-type": "application/json" });
    },
    download(exchange: Exchange): void {
      authorizations.push(exchange.headers.authorization);
      const job = jobs.get(/^\/results\/(\d+)\.json\.gz$/.exec(exchange.path)?.[1] ?? "");
      if (!job?.doneAt || clock().getTime() > job.doneAt.getTime() + expiryMs) {
        exchange.text(404, "<Error><Code>NoSuchKey</Code></Error>", { "content-type": "application/xml" });
        return;
      }
      // The file itself is gzip; nothing tells HTTP to unpack it.
      const bytes = gzipSync(JSON.stringify(bodyOf(job.asked, job.accountId)));
      exchange.response.writeHead(200, {
        "content-type": "application/gzip",
        "content-length": bytes.length,
      });
      exchange.response.end(bytes);
    },
  };
};
