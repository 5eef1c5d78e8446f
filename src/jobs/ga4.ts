import type { Logger } from "pino";
import { createGa4Client } from "../connectors/ga4/client.ts";
import { type Ga4Day, type Ga4Origin, pullGa4Day } from "../connectors/ga4/day.ts";
import type { Ga4Settings } from "../connectors/ga4/settings.ts";
import { addDays, type Day, dayAt, type DayRange, eachDay, endOfDay } from "../domain/day.ts";
import { asFailure, type Failure } from "../domain/failure.ts";
import { channelNamed } from "../domain/channel.ts";
import { type Classification, classify, type ClassifyOptions } from "../metrics/channels/classify.ts";
import { loadSourceLists, type SourceLists } from "../metrics/channels/lists.ts";
import type { Database } from "../warehouse/database.ts";
import { openGa4Days, replaceGa4Day } from "../warehouse/load-ga4.ts";

export interface Ga4Options {
  readonly database: Database;
  readonly settings: Ga4Settings;
  readonly window: DayRange;
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly classify: ClassifyOptions;
  /** Names of key events that count as first-party conversions. */
  readonly keyEvents: readonly string[];
  readonly now: () => Date;
  /** Tests shorten the delay between attempts; nothing else does. */
  readonly firstDelayMs?: number;
}

/** The result of one property. The days before a failure are loaded. */
export interface Ga4Result {
  readonly property: string;
  readonly days: number;
  readonly sessions: number;
  readonly failure: Failure | null;
}

const weeklyDays = 30;

/** The days that a night pulls again: the last three while GA4 still moves them, and thirty once a week. */
export const ga4Window = (settings: Ga4Settings, timeZone: string, now: Date): DayRange => {
  const to = addDays(dayAt(now, timeZone), -1);
  const isWeekly = new Date(`${to}T00:00:00Z`).getUTCDay() === 0;
  const days = Math.max(settings.lookbackDays, isWeekly ? weeklyDays : 0);
  return { from: addDays(to, 1 - days), to };
};

/** Pulls and loads every property's days; a property that fails does not hold up the others. */
export const syncGa4 = async (options: Ga4Options): Promise<readonly Ga4Result[]> => {
  const { settings, log, now } = options;
  const client = createGa4Client({
    settings,
    log,
    now,
    ...(options.firstDelayMs === undefined ? {} : { firstDelayMs: options.firstDelayMs }),
  });
  const lists = await loadSourceLists();
  const results: Ga4Result[] = [];
  for (const property of settings.properties) {
    let days = 0;
    let sessions = 0;
    let failure: Failure | null = null;
    try {
      const open = await openGa4Days(options.database.pool, property, options.window.from);
      for (const date of [...open, ...eachDay(options.window)]) {
        const asked = now();
        const pulled = await pullGa4Day({ ...options, client, property, day: date });
        await load(options, lists, { property, date, asked }, pulled);
        days += 1;
        sessions += pulled.sessions.reduce((sum, row) => sum + Number(row.sessions), 0);
      }
      log.info({ property, ...options.window, sessions }, "ga4 property is loaded");
    } catch (error) {
      options.signal.throwIfAborted();
      failure = asFailure(error);
      log.warn({ property, kind: failure.kind, failure: failure.message }, "ga4 property failed");
    }
    results.push({ property, days, sessions, failure });
  }
  return results;
};

/** A day on which so large a share of sessions is sorted otherwise by their tags is worth a line in the log. */
const noticedDisagreement = 0.05;

const load = async (
  { database, classify: classifyOptions, log }: Ga4Options,
  lists: SourceLists,
  { property, date, asked }: { readonly property: string; readonly date: Day; readonly asked: Date },
  day: Ga4Day,
): Promise<void> => {
  const sort = ({ reportedChannel, source, medium, campaign, campaignId }: Ga4Origin): Classification =>
    classify(
      { source, medium, campaign, campaignId, reportedChannel: reportedChannel || "(other)" },
      lists,
      classifyOptions,
    );
  const placed = (row: Ga4Origin, { channel, traffic }: Classification) => ({
    reported_channel: row.reportedChannel,
    source: row.source,
    medium: row.medium,
    campaign: row.campaign,
    campaign_id: row.campaignId,
    channel,
    traffic,
  });
  const sessions = day.sessions.map((row) => {
    const sorted = sort(row);
    return {
      ...placed(row, sorted),
      sessions: row.sessions,
      engaged_sessions: row.engagedSessions,
      key_events: row.keyEvents,
      revenue: row.revenue,
      // Without source and medium there are no tags to disagree.
      channel_disagrees: row.source !== "" && sorted.disagrees === true,
    };
  });
  warn(log, property, date, sessions);
  await replaceGa4Day(database.pool, {
    property,
    date,
    currency: day.currency,
    sessions,
    keyEvents: day.keyEvents.map((row) => ({
      ...placed(row, sort(row)),
      event_name: row.eventName,
      key_events: row.keyEvents,
    })),
    state: {
      is_lossy: day.isLossy,
      is_thresholded: day.isThresholded,
      sampled_share: day.sampledShare,
      revenue_hidden: day.revenueHidden,
      empty_reason: day.emptyReason,
      time_zone: day.timeZone,
      // Where GA4 does not say the zone, the day is over once it is so everywhere.
      is_whole: asked >= endOfDay(date, day.timeZone ?? "Etc/GMT+12"),
      tokens_left_today: day.tokensLeftToday,
    },
  });
};

const warn = (
  log: Logger,
  property: string,
  date: Day,
  rows: readonly { sessions: string; reported_channel: string; channel_disagrees: boolean }[],
): void => {
  const unknown = new Set(
    rows
      .map((row) => row.reported_channel)
      .filter((label) => label !== "" && label !== "(other)" && channelNamed(label) === undefined),
  );
  if (unknown.size > 0)
    log.warn(
      { property, date, labels: [...unknown] },
      "ga4 names channels that are not known: they count as Unassigned",
    );
  const total = rows.reduce((sum, row) => sum + Number(row.sessions), 0);
  const disagreeing = rows.reduce((sum, row) => sum + (row.channel_disagrees ? Number(row.sessions) : 0), 0);
  if (total > 0 && disagreeing / total > noticedDisagreement)
    log.info(
      { property, date, share: disagreeing / total },
      "ga4 sorts many sessions otherwise than their tags say",
    );
};
