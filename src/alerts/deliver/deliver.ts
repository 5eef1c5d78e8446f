import { type Kysely, sql } from "kysely";
import type { DB } from "../../warehouse/schema.ts";
import type { OutboxBody } from "../notice/notice.ts";
import { DeliveryError } from "./post.ts";
import { send } from "./send.ts";
import type { Notifiers } from "../rule/settings.ts";
import { retries } from "../../domain/retry.ts";

export interface DeliverOptions {
  readonly db: Kysely<DB>;
  readonly notifiers: Notifiers;
  readonly now: Date;
  /** Also tries what is still waiting for its next attempt: a person asked for it. */
  readonly atOnce?: boolean;
  /** How long a receiver may take to answer. */
  readonly timeoutMs?: number;
}

export interface Delivered {
  readonly delivered: number;
  /** One for each notifier that did not take a notice; it is tried again later. */
  readonly failures: readonly DeliveryFailure[];
}

export interface DeliveryFailure {
  readonly notifier: string;
  readonly message: string;
  /** Some of its readers have the notice, and it is not tried again. */
  readonly taken?: true;
}

export const failureText = ({ message, taken }: DeliveryFailure): string =>
  `${taken ? "not delivered to everybody" : "not delivered, tried again later"}: ${message}`;

/** News this old is none: it is not delivered any more. */
const abandonedAfterMs = 3 * 86_400_000;
/** After so many refusals of a notice it is given up, so that it does not hold up the next one. */
const rejectionsBelieved = 5;
/** Notifiers that are served at the same time; each holds a connection of the pool while it is. */
const lanes = 4;

interface Waiting {
  readonly noticeId: string;
  readonly key: string;
  readonly body: OutboxBody;
  readonly attempts: number;
  readonly createdAt: Date;
  readonly nextAttemptAt: Date;
}

type Attempt = "delivered" | "nothing" | Omit<DeliveryFailure, "notifier">;

/** The oldest notice for a notifier. Whoever holds it holds the notifier, so that notices arrive in their order. */
const claim = async (db: Kysely<DB>, notifier: string): Promise<Waiting | undefined> => {
  const lock = await sql<{ mine: boolean }>`
    select ops.try_hold('costper.notifier', hashtext(${notifier})) as mine`.execute(db);
  if (lock.rows[0]?.mine !== true) return undefined;
  const { rows } = await sql<Waiting>`
    select notice_id as "noticeId", idempotency_key as key, body, attempts, created_at as "createdAt",
           next_attempt_at as "nextAttemptAt"
    from ops.notice
    where notifier = ${notifier} and status = 'waiting'
    order by notice_id limit 1
    for update skip locked`.execute(db);
  return rows[0];
};

const pauseMs = (attempts: number, error: unknown): number => {
  const { firstDelayMs, longestDelayMs } = retries.notice;
  const asked = error instanceof DeliveryError ? (error.retryAfterMs ?? 0) : 0;
  return Math.min(Math.max(firstDelayMs * 2 ** (attempts - 1), asked), longestDelayMs);
};

const noteDelivered = (
  db: Kysely<DB>,
  noticeId: string,
  { attempts, now, lacks }: { attempts: number; now: Date; lacks: string | null },
) =>
  sql`
    update ops.notice
    set attempts = ${attempts}, status = 'delivered', delivered_at = ${now}, last_error = ${lacks}
    where notice_id = ${noticeId}`.execute(db);

/**
 * One attempt at one notice. The row stays locked meanwhile: a process that dies lets go of it at once, and whoever
 * comes next tries again under the same key.
 */
const deliverNext = (options: DeliverOptions, name: string): Promise<Attempt> =>
  options.db.transaction().execute(async (db): Promise<Attempt> => {
    const { now, atOnce = false, timeoutMs } = options;
    const notice = await claim(db, name);
    const notifier = options.notifiers[name];
    if (notice === undefined || notifier === undefined) return "nothing";
    if (!atOnce && notice.nextAttemptAt > now) return "nothing";
    const attempts = notice.attempts + 1;
    try {
      await send({ notifier, body: notice.body, idempotencyKey: notice.key, timeoutMs });
    } catch (error) {
      const message = error instanceof DeliveryError ? error.message : "it could not be sent";
      if (error instanceof DeliveryError && error.taken) {
        await noteDelivered(db, notice.noticeId, { attempts, now, lacks: message });
        return { message, taken: true };
      }
      const gone =
        now.getTime() - notice.createdAt.getTime() > abandonedAfterMs ||
        (error instanceof DeliveryError && error.rejected && attempts >= rejectionsBelieved);
      await sql`
        update ops.notice
        set attempts = ${attempts}, last_error = ${message}, status = ${gone ? "abandoned" : "waiting"},
            next_attempt_at = ${new Date(now.getTime() + pauseMs(attempts, error))}
        where notice_id = ${notice.noticeId}`.execute(db);
      return { message };
    }
    await noteDelivered(db, notice.noticeId, { attempts, now, lacks: null });
    return "delivered";
  });

/** Hands over what waits for one notifier, oldest first, until it is empty or fails: one dead receiver, one timeout. */
const serve = async (options: DeliverOptions, notifier: string): Promise<Delivered> => {
  const failures: DeliveryFailure[] = [];
  for (let delivered = 0; ; delivered += 1) {
    const outcome = await deliverNext(options, notifier);
    if (outcome === "nothing") return { delivered, failures };
    if (outcome === "delivered") continue;
    failures.push({ notifier, ...outcome });
    if (!outcome.taken) return { delivered, failures };
  }
};

/** Delivers what is due. A failing receiver throws nothing: its notice stays in the outbox, with the reason. */
export const deliverDue = async (options: DeliverOptions): Promise<Delivered> => {
  const { rows } = await sql<{ notifier: string }>`
    select distinct notifier from ops.notice where status = 'waiting' order by notifier`.execute(options.db);
  const queue = rows.map(({ notifier }) => notifier).filter((name) => options.notifiers[name] !== undefined);
  const failures: DeliveryFailure[] = [];
  let delivered = 0;
  const lane = async (): Promise<void> => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
      const served = await serve(options, name);
      delivered += served.delivered;
      failures.push(...served.failures);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  await abandonOrphans(options);
  return { delivered, failures };
};

/** Notices for notifiers that are no longer configured are kept a while, in case that was a mistake. */
const abandonOrphans = async ({ db, notifiers, now }: DeliverOptions): Promise<void> => {
  await sql`
    update ops.notice set status = 'abandoned', last_error = 'the notifier is no longer configured'
    where status = 'waiting' and notifier <> all(${Object.keys(notifiers)}::text[])
      and created_at < ${new Date(now.getTime() - abandonedAfterMs)}`.execute(db);
};
