import {
  addDays,
  addMonths,
  countDays,
  dayAt,
  type DayRange,
  earlierDay,
  laterDay,
} from "../../domain/day.ts";
import { Failure } from "../../domain/failure.ts";
import type { ConnectorContext, Pull } from "../connector.ts";
import type { ApiParams } from "./api.ts";
import type { Client } from "./client.ts";
import { TooMuchData, unknownObject } from "./failures.ts";
import { computeReport } from "./jobs.ts";
import { type InsightsRow, readRow } from "./normalize.ts";
import { idParams, type Level, onlyIds, type InsightsReport, reportParams } from "./queries.ts";

/** A part of a report that one completed run covers: some days, and all ids or some. */
interface Part extends DayRange {
  readonly runId: string;
  readonly only?: Only | undefined;
}

interface Only {
  readonly level: Level;
  readonly ids: readonly string[];
}

interface Reports {
  /** The rows of a report for the pull's window, each once, in batches; all of it, or a failure. */
  rows(pull: Pull, report: InsightsReport): AsyncGenerator<readonly InsightsRow[]>;
}

const resultPage = 500;

/** Where the platform calls a report too large, the next level is cut into ids. */
const finer: Readonly<Record<Level, Level | undefined>> = {
  campaign: "adset",
  adset: "ad",
  ad: undefined,
};

export const createReports = (client: Client, context: ConnectorContext): Reports => {
  // The ads report serves both performance() and conversions(): it is computed once per pull, and its result pages
  // are read twice. That costs a few more cheap calls and keeps memory at one page, whatever the account's size.
  const memo = new WeakMap<Pull, Map<InsightsReport["name"], Promise<readonly Part[]>>>();

  const job = (pull: Pull, params: ApiParams): Promise<string> =>
    computeReport({ client, account: pull.account, params, signal: pull.signal, now: context.now });

  const compute = async (
    pull: Pull,
    report: InsightsReport,
    range: DayRange,
    only?: Only,
  ): Promise<Part[]> => {
    const filters = only ? [onlyIds(only.level, only.ids)] : [];
    try {
      const runId = await job(pull, reportParams(report, range, filters));
      return [{ from: range.from, to: range.to, only, runId }];
    } catch (error) {
      if (!(error instanceof TooMuchData)) throw error;
      return split(pull, report, range, only, error);
    }
  };

  /** Days are halved down to one, then ids: campaigns, then one campaign's ad sets, then one ad set's ads. */
  const split = async (
    pull: Pull,
    report: InsightsReport,
    range: DayRange,
    only: Only | undefined,
    error: TooMuchData,
  ): Promise<Part[]> => {
    const days = countDays(range);
    if (days > 1) {
      const middle = addDays(range.from, Math.floor(days / 2));
      return [
        ...(await compute(pull, report, { from: range.from, to: addDays(middle, -1) }, only)),
        ...(await compute(pull, report, { from: middle, to: range.to }, only)),
      ];
    }
    const ids = only && only.ids.length > 1 ? only : await children(pull, report, range, only);
    if (ids === undefined || ids.ids.length === 0) return hopeless(pull, report, range, error);
    const half = Math.ceil(ids.ids.length / 2);
    const halves = [ids.ids.slice(0, half), ids.ids.slice(half)].filter((list) => list.length > 0);
    const parts: Part[] = [];
    for (const list of halves)
      parts.push(...(await compute(pull, report, range, { level: ids.level, ids: list })));
    return parts;
  };

  /** The ids one level below; undefined where the report has no finer level. */
  const children = async (
    pull: Pull,
    report: InsightsReport,
    range: DayRange,
    parent: Only | undefined,
  ): Promise<Only | undefined> => {
    const level = parent ? finer[parent.level] : "campaign";
    if (level === undefined || (parent && report.level === parent.level)) return undefined;
    // An ad may have actions up to 28 days after its last delivery; nothing older than 37 months may be asked for.
    const oldest = addDays(addMonths(dayAt(context.now(), pull.account.timeZone), -37), 1);
    const wide = { from: laterDay(addDays(range.from, -29), earlierDay(oldest, range.from)), to: range.to };
    const runId = await job(pull, idParams(level, wide, parent ? [onlyIds(parent.level, parent.ids)] : []));
    const ids = new Set<string>();
    const key = `${level}_id`;
    for await (const page of resultPages(pull, runId))
      for (const row of page) {
        const id = (row as Readonly<Record<string, unknown>>)[key];
        if (typeof id === "string") ids.add(id);
      }
    return { level, ids: [...ids] };
  };

  /** The split by network is an estimate that the figures do without; anything else must be whole. */
  const hopeless = (pull: Pull, report: InsightsReport, range: DayRange, error: TooMuchData): Part[] => {
    if (report.name !== "networks") throw error;
    context.log.warn(
      { platform: "meta", account: pull.account.id, date: range.from, code: error.code },
      "split by network is too large and left out",
    );
    return [];
  };

  const resultPages = (pull: Pull, runId: string): AsyncGenerator<readonly unknown[]> =>
    client.pages(
      {
        path: [runId, "insights"],
        object: "report run",
        name: "report result",
        accountId: pull.account.id,
        signal: pull.signal,
      },
      resultPage,
    );

  const partsOf = (pull: Pull, report: InsightsReport): Promise<readonly Part[]> => {
    const reports = memo.get(pull) ?? new Map<InsightsReport["name"], Promise<readonly Part[]>>();
    memo.set(pull, reports);
    const known = reports.get(report.name);
    if (known) return known;
    const computed = compute(pull, report, pull);
    reports.set(report.name, computed);
    return computed;
  };

  async function* rows(pull: Pull, report: InsightsReport): AsyncGenerator<readonly InsightsRow[]> {
    const seen = new Set<string>();
    const done: Part[] = [];
    try {
      const queue = [...(await partsOf(pull, report))];
      for (let part = queue.shift(); part; part = queue.shift()) {
        try {
          for await (const page of resultPages(pull, part.runId)) {
            const fresh = page
              .map((raw) => readRow(raw, pull.account, pull, report.level))
              .filter((row) => isNew(seen, report, row));
            if (fresh.length > 0) yield fresh;
          }
          done.push(part);
        } catch (error) {
          if (!(error instanceof TooMuchData)) throw error;
          queue.unshift(...(await split(pull, report, part, part.only, error)));
        }
      }
      memo.get(pull)?.set(report.name, Promise.resolve(done));
    } catch (error) {
      memo.get(pull)?.delete(report.name);
      throw gone(error);
    }
  }

  return { rows };
};

/** Pages shift while they are read, so that a row may come twice; without its part, only a twin is the same row. */
const isNew = (seen: Set<string>, report: InsightsReport, row: InsightsRow): boolean => {
  const parts = (report.breakdowns ?? []).map((breakdown) => row[breakdown] ?? "");
  const key = parts.includes("")
    ? JSON.stringify(row)
    : `${row.date_start} ${row.campaign_id ?? ""} ${row.ad_id ?? ""} ${parts.join(" ")}`;
  if (seen.has(key)) return false;
  seen.add(key);
  return true;
};

/** A run that the platform no longer knows is computed anew by the next attempt; it says nothing of permissions. */
const gone = (error: unknown): unknown =>
  error instanceof Failure && error.reason === unknownObject
    ? new Failure({
        kind: "transient",
        platform: "meta",
        ...(error.accountId === undefined ? {} : { accountId: error.accountId }),
        ...(error.code === undefined ? {} : { code: error.code }),
        message: "insights report: the platform no longer knows the report run",
        remedy: "try again later",
      })
    : error;
