import { type Kysely, sql } from "kysely";
import type { Logger } from "pino";
import { type Delivered, deliverDue } from "../alerts/deliver/deliver.ts";
import type { DigestBody } from "../alerts/notice/digest.ts";
import { noticeKey, putIntoOutbox } from "../alerts/notice/notice.ts";
import type { Notifiers } from "../alerts/rule/settings.ts";
import { asFailure } from "../domain/failure.ts";
import { lastDue, type Schedule } from "../domain/schedule.ts";
import type { DB } from "../warehouse/schema.ts";
import { composeDigest, type DigestConfig } from "./compose.ts";
import { type DigestSettings, digestSchedule } from "./settings.ts";

/** A digest that nobody could send in time is news no more: the next one tells of later days. */
const latestMs = { day: 12 * 3_600_000, week: 72 * 3_600_000 } as const;

/** How many days a digest tells of. */
export const digestDays = { day: 1, week: 7 } as const;

interface Sending {
  readonly db: Kysely<DB>;
  readonly notifiers: Notifiers;
  readonly now: Date;
}

/** One notice for each notifier; the same event makes none again. */
const post = (
  { db, now }: Sending,
  { to, event, body }: { readonly to: readonly string[]; readonly event: string; readonly body: DigestBody },
): Promise<number> =>
  putIntoOutbox(
    db,
    to.map((notifier) => ({
      key: noticeKey(notifier, "digest", [event]),
      notifier,
      kind: "digest",
      body,
    })),
    now,
  );

/** Since when digests are due at these hours: one that was due before anybody asked for it is not missing. */
const dueSince = async (db: Kysely<DB>, { pattern, timeZone }: Schedule, now: Date): Promise<Date> => {
  const read = () =>
    sql<{ since: Date }>`
    select since from ops.schedule
    where name = 'digest' and (pattern, time_zone) = (${pattern}, ${timeZone})`.execute(db);
  const [known] = (await read()).rows;
  if (known !== undefined) return known.since;
  await sql`
    insert into ops.schedule as s (name, pattern, time_zone, since) values ('digest', ${pattern}, ${timeZone}, ${now})
    on conflict (name) do update
    set pattern = excluded.pattern, time_zone = excluded.time_zone, since = excluded.since
    where (s.pattern, s.time_zone) is distinct from (excluded.pattern, excluded.time_zone)`.execute(db);
  return (await read()).rows[0]?.since ?? now;
};

const lacking = async (
  db: Kysely<DB>,
  event: string,
  notify: readonly string[],
): Promise<readonly string[]> => {
  const keys = notify.map((notifier) => noticeKey(notifier, "digest", [event]));
  const { rows } = await sql<{ key: string }>`
    select idempotency_key as key from ops.notice where idempotency_key = any (${keys}::text[])`.execute(db);
  const known = new Set(rows.map(({ key }) => key));
  return notify.filter((notifier) => !known.has(noticeKey(notifier, "digest", [event])));
};

/**
 * Puts the digest that is due into the outbox and delivers what waits there. Whichever process looks, and however
 * often: a due time has one notice for each notifier, made by whoever comes first, tried until it is taken.
 */
export const sendDueDigest = async (
  options: Sending & { readonly config: DigestConfig & { readonly digest?: DigestSettings | undefined } },
): Promise<Delivered> => {
  const { db, notifiers, now, config } = options;
  const { digest } = config;
  if (digest !== undefined) {
    const schedule = digestSchedule(digest, config.timezone);
    const since = await dueSince(db, schedule, now);
    const due = lastDue(schedule, now);
    const isNews = now.getTime() - due.at.getTime() <= latestMs[digest.every];
    const to = due.at > since && isNews ? await lacking(db, due.wallClock, digest.notify) : [];
    if (to.length > 0) {
      const body = await composeDigest({ db, config, days: digestDays[digest.every], now });
      await post(options, { to, event: due.wallClock, body });
    }
  }
  return deliverDue({ db, notifiers, now });
};

/** Sends a digest to these notifiers now, because a person asked for it. */
export const sendDigestNow = async (
  options: Sending & { readonly to: readonly string[]; readonly body: DigestBody },
): Promise<Delivered> => {
  const { db, notifiers, now, to, body } = options;
  await post(options, { to, event: `asked for at ${now.toISOString()}`, body });
  return deliverDue({ db, notifiers, now, atOnce: true });
};

/** The same for the service: what fails is said in its log, and tried again. */
export const tendDigest = async (
  options: Parameters<typeof sendDueDigest>[0] & { readonly log: Logger },
): Promise<void> => {
  const { log } = options;
  try {
    const { delivered, failures } = await sendDueDigest(options);
    if (delivered > 0) log.info({ delivered }, "notices delivered");
    for (const failure of failures)
      log.warn(
        failure,
        failure.taken ? "a notice was not taken for everybody" : "a notice was not taken; it is tried again",
      );
  } catch (error) {
    log.error({ failure: asFailure(error).message }, "the digest could not be sent");
  }
};
