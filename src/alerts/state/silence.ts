import { type Kysely, sql } from "kysely";
import type { DB } from "../../warehouse/schema.ts";
import { durationMs } from "../rule/duration.ts";
import type { Labels } from "../figures/series.ts";

export interface Silence {
  readonly rule: string;
  readonly labels: Labels;
  readonly startsAt: Date;
  readonly endsAt: Date;
}

/** A silence as it is listed: with who made it and why, where that is known. */
export interface ListedSilence {
  readonly id: string;
  readonly rule: string;
  readonly labels: Labels;
  readonly starts_at: string;
  readonly ends_at: string;
  readonly made_by: string | null;
  readonly reason: string | null;
}

/** Short names that people write for labels. */
const written: Readonly<Record<string, string>> = {
  account: "account_id",
  campaign: "campaign_id",
  action: "conversion_action_id",
};

const known = new Set([
  "platform",
  "account_id",
  "campaign_id",
  "campaign_name",
  "network",
  "conversion_action_id",
  "conversion_action_name",
  "source",
]);

/** Reads `k=v` as written on the command line; undefined where one of them is no label. */
export const readLabels = (pairs: readonly string[]): Labels | undefined => {
  const read = pairs.map((pair): readonly [string, string] => {
    const at = pair.indexOf("=");
    const key = pair.slice(0, Math.max(0, at));
    return [written[key] ?? key, pair.slice(at + 1)];
  });
  return read.every(([key]) => known.has(key)) ? Object.fromEntries(read) : undefined;
};

/**
 * Silences a rule, or those of its series that carry the labels, from now on.
 * @param lasts such as `3d`
 * @throws RangeError where the length of time is none
 */
export const silence = async (options: {
  readonly db: Kysely<DB>;
  readonly rule: string;
  readonly labels: Labels;
  readonly lasts: string;
  readonly now: Date;
  readonly madeBy?: string | null;
  readonly reason?: string | null;
}): Promise<Silence> => {
  const { rule, labels, now, madeBy = null, reason = null } = options;
  const endsAt = new Date(now.getTime() + durationMs(options.lasts));
  await sql`
    insert into ops.alert_silence (rule, labels, starts_at, ends_at, made_by, reason)
    values (${rule}, ${JSON.stringify(labels)}::jsonb, ${now}, ${endsAt}, ${madeBy}, ${reason})`.execute(
    options.db,
  );
  return { rule, labels, startsAt: now, endsAt };
};

/** The silences in force. */
export const readSilences = async (db: Kysely<DB>, now: Date): Promise<readonly Silence[]> => {
  const { rows } = await sql<Silence>`
    select rule, labels, starts_at as "startsAt", ends_at as "endsAt"
    from ops.alert_silence where starts_at <= ${now} and ends_at > ${now}`.execute(db);
  return rows;
};

/** The silences in force, the one that ends first on top. */
export const listSilences = async (db: Kysely<DB>, now: Date): Promise<readonly ListedSilence[]> => {
  const { rows } = await sql<ListedSilence>`
    select silence_id::text as id, rule, labels, starts_at, ends_at, made_by, reason
    from ops.alert_silence where starts_at <= ${now} and ends_at > ${now} order by ends_at, silence_id`.execute(
    db,
  );
  return rows;
};

/**
 * Ends silences in force before their time: one by its id, or all of a rule, or those of a rule with these labels.
 * They stay in the table, with who ended them.
 * @returns those that were ended
 */
export const endSilences = async (
  db: Kysely<DB>,
  which: { readonly id: string } | { readonly rule: string; readonly labels?: Labels | undefined },
  endedBy: string | null,
  now: Date,
): Promise<readonly ListedSilence[]> => {
  const meant =
    "id" in which
      ? sql`silence_id = ${which.id}::bigint`
      : sql`rule = ${which.rule} and (${which.labels === undefined ? null : JSON.stringify(which.labels)}::jsonb is null
            or labels = ${which.labels === undefined ? null : JSON.stringify(which.labels)}::jsonb)`;
  const { rows } = await sql<ListedSilence>`
    update ops.alert_silence
    set ends_at = greatest(${now}::timestamptz, starts_at + interval '1 microsecond'), ended_by = ${endedBy}
    where ${meant} and starts_at <= ${now} and ends_at > ${now}
    returning silence_id::text as id, rule, labels, starts_at, ends_at, made_by, reason`.execute(db);
  return rows;
};

export const isSilenced = (silences: readonly Silence[], rule: string, labels: Labels): boolean =>
  silences.some(
    (one) => one.rule === rule && Object.entries(one.labels).every(([key, value]) => labels[key] === value),
  );
