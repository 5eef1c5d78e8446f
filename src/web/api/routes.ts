import type { Readable } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Kysely } from "kysely";
import * as z from "zod";
import type { Schedule } from "../../domain/schedule.ts";
import type { AlertSettings } from "../../alerts/rule/settings.ts";
import type { MonthlyTarget } from "../../metrics/kpi/targets.ts";
import type { DB } from "../../warehouse/schema.ts";
import { mayOperate } from "../access.ts";
import { alerts, alertsQuery } from "./alerts.ts";
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
import { beginNight, type Nights } from "./nights.ts";
import { addNote, changeNote, noteBody, notes, notesQuery, removeNote } from "./notes.ts";
import { overview, overviewQuery } from "./overview.ts";
import { pause, pauseBody, resume, resumeBody } from "./pauses.ts";
import { type Read, reading } from "./read.ts";
import { truth, truthQuery } from "./truth.ts";
import { openReplays, replayBody, rules } from "./rules.ts";
import { session } from "./session.ts";
import { silence, silenceBody, silences, unsilence } from "./silences.ts";
import { breakdownXlsx, channelsXlsx, xlsxType } from "./xlsx.ts";

export interface ApiOptions {
  readonly db: Kysely<DB>;
  /** Whose connections downloads hold while they are read, so that slow readers leave the page its own. */
  readonly downloads: Kysely<DB>;
  readonly jobs: Jobs | undefined;
  readonly nights: Nights | undefined;
  /** When tokens end; absent: those kept in the database. */
  readonly credentials?: (() => Promise<Health["credentials"]>) | undefined;
  /** When nights are due: it says which accounts are stale. */
  readonly schedule: Schedule;
  /** What figures are expected of; undefined: of the accounts that are known. */
  readonly configured: WhoAsks["configured"];
  /** What KPIs should come to in each month. */
  readonly targets: readonly MonthlyTarget[];
  /** The rules as they are configured now. */
  readonly alerts: readonly AlertSettings[];
  /** Names of those who can be told of alerts. */
  readonly notifiers: readonly string[];
  readonly reportingCurrency: string | undefined;
}

const fileTypes = { csv: "text/csv; charset=utf-8", xlsx: xlsxType };

const sendFile = (
  reply: FastifyReply,
  by: string,
  ending: keyof typeof fileTypes,
  body: string | Readable,
): FastifyReply =>
  reply
    .type(fileTypes[ending])
    .header("content-disposition", `attachment; filename="costper-${by}.${ending}"`)
    .send(body);

/** What is shown of a list at most; all of it is put back all the same. */
const shownJobs = 100;

/** The dashboard's JSON: one read-only route a view, its query string checked before the database hears of it. */
export const apiRoutes = (app: FastifyInstance, options: ApiOptions): void => {
  const { db, downloads, jobs, nights, credentials, alerts: configured, schedule, targets } = options;
  app.addHook("onSend", async (_request, reply) => void reply.header("cache-control", "no-store"));

  const get = <Query extends z.ZodType, Answer>(
    path: string,
    query: Query,
    answer: (read: Read, query: z.infer<Query>, request: FastifyRequest) => Promise<Answer>,
  ): void => {
    app.get(path, (request) => {
      const asked = query.parse(request.query);
      return reading(db, (read) => answer(read, asked, request));
    });
  };

  const asker = (): WhoAsks => ({ configured: options.configured, schedule, now: new Date() });
  get("/morning", morningQuery, (read, query) => morning(read, query, asker()));
  get("/missing", missingQuery, (read) => missing(read, asker()));
  get("/truth", truthQuery, (read, query) => truth(read, query, targets));
  get("/overview", overviewQuery, overview);
  get("/breakdown", breakdownQuery, breakdown);
  get("/channels", channelsQuery, channels);
  get("/campaign-days", campaignDaysQuery, campaignDays);
  get("/history", historyQuery, history);
  get("/maturity", maturityQuery, maturity);
  get("/excluded", excludedQuery, excluded);
  get("/moved", movedQuery, moved);
  get("/health", healthQuery, async (read, query, request) => {
    const failed = await jobs?.failed();
    return health(
      read,
      query,
      failed === undefined ? null : { may_retry: mayOperate(request), failed: failed.slice(0, shownJobs) },
      await credentials?.(),
      schedule,
    );
  });
  get("/session", z.strictObject({}), (read, _query, { identity }) =>
    session(read, { identity, schedule, hasQueue: nights !== undefined }),
  );
  get("/notes", notesQuery, async (read, query, request) => ({
    ...(await notes(read, query)),
    may_write: mayOperate(request),
  }));
  get("/alerts", alertsQuery, async (read, query, request) => ({
    ...(await alerts(read, query, configured)),
    may_silence: mayOperate(request),
  }));
  get("/annotations", annotationsQuery, annotations);

  app.get("/dictionary", () => reading(db, dictionary));
  app.get("/channels.csv", async ({ query }, reply) => {
    const asked = channelsQuery.parse(query);
    return sendFile(reply, "channel", "csv", await reading(downloads, (read) => channelsCsv(read, asked)));
  });
  app.get("/breakdown.csv", ({ query }, reply) => {
    const asked = breakdownQuery.parse(query);
    return sendFile(reply, asked.by, "csv", breakdownCsv(downloads, asked));
  });
  app.get("/channels.xlsx", ({ query }, reply) =>
    sendFile(reply, "channel", "xlsx", channelsXlsx(downloads, channelsQuery.parse(query))),
  );
  app.get("/breakdown.xlsx", ({ query }, reply) => {
    const asked = breakdownQuery.parse(query);
    return sendFile(reply, asked.by, "xlsx", breakdownXlsx(downloads, asked));
  });
  app.get("/silences", async (request) => ({
    ...(await silences(db)),
    may_silence: mayOperate(request),
  }));
  app.get("/rules", async (request) => ({
    ...rules(configured, options.notifiers),
    may_try: mayOperate(request),
  }));

  // The guard lets nobody here but an operator.
  const who = ({ identity }: FastifyRequest): string => identity?.name ?? "";
  const tryRule = openReplays(options);
  app.post("/silences", (request) => silence(db, silenceBody.parse(request.body), who(request)));
  app.delete("/silences/:id", (request) => unsilence(db, request.params, who(request)));
  app.post("/jobs/retry", ({ body }) => retry(jobs, retryBody.parse(body)));
  app.post("/nights", () => beginNight(nights));
  app.post("/accounts/pause", (request) => pause(db, pauseBody.parse(request.body), who(request)));
  app.post("/accounts/resume", ({ body }) => resume(db, resumeBody.parse(body)));
  app.post("/notes", (request) => addNote(db, noteBody.parse(request.body), who(request)));
  app.put("/notes/:id", ({ params, body }) => changeNote(db, params, noteBody.parse(body)));
  app.delete("/notes/:id", ({ params }) => removeNote(db, params));
  app.post("/alerts/replay", async ({ body }, reply) => {
    const gone = new AbortController();
    reply.raw.once("close", () => gone.abort());
    return tryRule(replayBody.parse(body), gone.signal);
  });
};
