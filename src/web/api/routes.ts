import type { Readable } from "node:stream";
import type { FastifyInstance, FastifyReply } from "fastify";
import type { Kysely } from "kysely";
import type { z } from "zod";
import type { Schedule } from "../../domain/schedule.ts";
import type { AlertSettings } from "../../alerts/rule/settings.ts";
import type { KpiTarget } from "../../metrics/kpi/targets.ts";
import type { DB } from "../../warehouse/schema.ts";
import { alerts, alertsQuery, silence, silenceBody } from "./alerts.ts";
import { annotations, annotationsQuery } from "./annotations.ts";
import type { Health } from "./health-answers.ts";
import { breakdown, breakdownQuery } from "./breakdown.ts";
import {
  campaignDays,
  campaignDaysQuery,
  history,
  historyQuery,
  maturity,
  maturityQuery,
} from "./campaign-days.ts";
import { channels, channelsCsv, channelsQuery, excluded, excludedQuery } from "./channels.ts";
import { breakdownCsv } from "./csv.ts";
import { dictionary } from "./dictionary.ts";
import { health, healthQuery } from "./health.ts";
import { type Jobs, retry, retryBody } from "./jobs.ts";
import { missing, missingQuery, morning, morningQuery, type WhoAsks } from "./morning.ts";
import { moved, movedQuery } from "./moved.ts";
import { overview, overviewQuery } from "./overview.ts";
import { type Read, reading } from "./read.ts";
import { truth, truthQuery } from "./truth.ts";
import { openRefresher } from "./refresher.ts";

export interface ApiOptions {
  readonly db: Kysely<DB>;
  /** Whose connections downloads hold while they are read, so that slow readers leave the page its own. */
  readonly downloads: Kysely<DB>;
  /** Whether a token guards the server. */
  readonly guarded: boolean;
  readonly jobs: Jobs | undefined;
  /** When tokens end; absent: those kept in the database. */
  readonly credentials?: (() => Promise<Health["credentials"]>) | undefined;
  /** When nights are due: it says which accounts are stale. */
  readonly schedule: Schedule;
  /** What figures are expected of; undefined: of the accounts that are known. */
  readonly configured: WhoAsks["configured"];
  /** What KPIs should come to in each month. */
  readonly targets: readonly KpiTarget[];
  /** The rules as they are configured now. */
  readonly alerts: readonly AlertSettings[];
}

const sendCsv = (reply: FastifyReply, by: string, body: string | Readable): FastifyReply =>
  reply
    .type("text/csv; charset=utf-8")
    .header("content-disposition", `attachment; filename="costper-${by}.csv"`)
    .send(body);

/** What is shown of a list at most; all of it is put back all the same. */
const shownJobs = 100;

/** The dashboard's JSON: one read-only route a view, its query string checked before the database hears of it. */
export const apiRoutes = (app: FastifyInstance, options: ApiOptions): void => {
  const { db, downloads, guarded, jobs, credentials, alerts: rules, schedule, configured, targets } = options;
  app.addHook("onSend", async (_request, reply) => void reply.header("cache-control", "no-store"));

  const refresher = openRefresher(db, (error) =>
    app.log.warn({ err: error }, "the sums of campaigns were not refreshed"),
  );
  app.addHook("onListen", async () => refresher.start());
  app.addHook("onClose", () => refresher.close());

  const get = <Query extends z.ZodType, Answer>(
    path: string,
    query: Query,
    answer: (read: Read, query: z.infer<Query>) => Promise<Answer>,
  ): void => {
    app.get(path, ({ query: given }) => {
      const asked = query.parse(given);
      return reading(db, (read) => answer(read, asked));
    });
  };

  const asker = (): WhoAsks => ({ configured, schedule, now: new Date() });
  get("/morning", morningQuery, (read, query) => morning(read, query, asker()));
  get("/missing", missingQuery, (read) => missing(read, asker()));
  get("/truth", truthQuery, (read, query) => truth(read, query, targets));
  get("/overview", overviewQuery, overview);
  get("/breakdown", breakdownQuery, async (read, query) => {
    refresher.start();
    return breakdown(read, query);
  });
  get("/channels", channelsQuery, channels);
  get("/campaign-days", campaignDaysQuery, campaignDays);
  get("/history", historyQuery, history);
  get("/maturity", maturityQuery, maturity);
  get("/excluded", excludedQuery, excluded);
  get("/moved", movedQuery, moved);
  get("/health", healthQuery, async (read, query) => {
    const failed = await jobs?.failed();
    return health(
      read,
      query,
      failed === undefined ? null : { may_retry: guarded, failed: failed.slice(0, shownJobs) },
      await credentials?.(),
      schedule,
    );
  });
  get("/alerts", alertsQuery, async (read, query) => ({
    ...(await alerts(read, query, rules)),
    may_silence: guarded,
  }));
  get("/annotations", annotationsQuery, annotations);

  app.get("/dictionary", () => reading(db, dictionary));
  app.get("/channels.csv", async ({ query }, reply) => {
    const asked = channelsQuery.parse(query);
    return sendCsv(reply, "channel", await reading(downloads, (read) => channelsCsv(read, asked)));
  });
  app.get("/breakdown.csv", ({ query }, reply) => {
    const asked = breakdownQuery.parse(query);
    return sendCsv(reply, asked.by, breakdownCsv(downloads, asked));
  });
  app.post("/silences", ({ body }) => silence(db, silenceBody.parse(body)));
  app.post("/jobs/retry", ({ body }) => retry(jobs, retryBody.parse(body)));
};
