import { createHash } from "node:crypto";
import { type Kysely, sql } from "kysely";
import type { Day } from "../../domain/day.ts";
import type { Decimal } from "../../domain/decimal.ts";
import type { DB } from "../../warehouse/schema.ts";
import type { DigestBody } from "./digest.ts";
import type { Labels } from "../figures/series.ts";

/** One alert as a notice says it; the names are the webhook's. */
export interface NoticeAlert {
  readonly name: string;
  readonly severity: string;
  readonly metric: string;
  readonly value: Decimal | null;
  readonly threshold: Decimal | null;
  readonly currency: string | null;
  readonly labels: Labels;
  readonly window: { readonly from: Day; readonly to: Day } | null;
  readonly spend: Decimal | null;
  readonly conversions: Decimal | null;
  readonly since: string;
  readonly explanation: string;
}

/** What the outbox holds: news of alerts, or a digest. */
export type OutboxBody = NoticeBody | DigestBody;

export interface NoticeBody {
  readonly version: 1;
  readonly status: "firing" | "resolved" | "test";
  readonly alerts: readonly NoticeAlert[];
  /** Configured platforms and accounts that no figure here tells of; absent where all are there. */
  readonly missing?: readonly string[];
}

/** Something that one alert has to say, and to whom. */
export interface Announcement {
  readonly kind: "firing" | "resolved";
  readonly to: readonly string[];
  /** The stable name of the event, the same in every evaluation. */
  readonly event: string;
  readonly alert: NoticeAlert;
}

interface Notice {
  readonly key: string;
  readonly notifier: string;
  readonly kind: "firing" | "resolved" | "digest";
  readonly body: OutboxBody;
}

const rank: Readonly<Record<string, number>> = { critical: 0, warning: 1, info: 2 };

const bySeverity = (a: Announcement, b: Announcement): number =>
  (rank[a.alert.severity] ?? 3) - (rank[b.alert.severity] ?? 3) || (a.event < b.event ? -1 : 1);

/** Made from what is said and to whom, so that the same can never be said under another name. */
export const noticeKey = (notifier: string, kind: string, events: readonly string[]): string =>
  createHash("sha256")
    .update(JSON.stringify([notifier, kind, events.toSorted()]))
    .digest("hex");

/** One notice for each notifier and status, however many alerts there are. */
export const groupNotices = (
  announcements: readonly Announcement[],
  notifiers: ReadonlySet<string>,
  missing: readonly string[],
): readonly Notice[] => {
  const groups = new Map<string, { notifier: string; kind: Announcement["kind"]; items: Announcement[] }>();
  for (const item of announcements)
    for (const notifier of item.to) {
      if (!notifiers.has(notifier)) continue;
      const id = JSON.stringify([notifier, item.kind]);
      const group = groups.get(id) ?? { notifier, kind: item.kind, items: [] };
      group.items.push(item);
      groups.set(id, group);
    }
  return [...groups.values()].map(({ notifier, kind, items }) => {
    const sorted = items.toSorted(bySeverity);
    return {
      key: noticeKey(
        notifier,
        kind,
        items.map(({ event }) => event),
      ),
      notifier,
      kind,
      body: {
        version: 1,
        status: kind,
        alerts: sorted.map(({ alert }) => alert),
        ...(missing.length > 0 && { missing }),
      },
    };
  });
};

/** Puts notices into the outbox; one whose key is there already is the same notice. Gives how many were new. */
export const putIntoOutbox = async (
  db: Kysely<DB>,
  notices: readonly Notice[],
  now: Date,
): Promise<number> => {
  if (notices.length === 0) return 0;
  const { rows } = await sql<{ notice_id: string }>`
    insert into ops.notice (idempotency_key, notifier, kind, body, created_at, next_attempt_at)
    select key, notifier, kind, body, ${now}::timestamptz, ${now}::timestamptz
    from jsonb_to_recordset(${JSON.stringify(notices)}::jsonb)
      as n(key text, notifier text, kind text, body jsonb)
    on conflict (idempotency_key) do nothing
    returning notice_id`.execute(db);
  return rows.length;
};
