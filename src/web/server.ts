import helmet, { type FastifyHelmetOptions } from "@fastify/helmet";
import fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
} from "fastify";
import { type Kysely, sql } from "kysely";
import type { Logger } from "pino";
import type { Registry } from "prom-client";
import { scheduleOf } from "../domain/schedule.ts";
import { type ConnectorSettings, configuredAccounts } from "../connectors/registry.ts";
import type { AlertSettings } from "../alerts/rule/settings.ts";
import { Failure } from "../domain/failure.ts";
import { isLoopbackHost } from "../domain/hosts.ts";
import type { MonthlyTarget } from "../metrics/kpi/targets.ts";
import { tokensOf, type WebToken } from "../domain/web-tokens.ts";
import type { DB } from "../warehouse/schema.ts";
import { guard } from "./access.ts";
import type { Jobs } from "./api/jobs.ts";
import type { Nights } from "./api/nights.ts";
import { type ApiOptions, apiRoutes } from "./api/routes.ts";
import { answerFailures } from "./failures.ts";
import { feedRoutes } from "./feed.ts";
import { limitGuesses } from "./guesses.ts";
import { loginRoutes } from "./login.ts";
import { pageRoutes } from "./page-routes.ts";
import { type Probe, metricsRoute, probeRoutes } from "./probes.ts";
import { openSessions } from "./session.ts";

export interface WebOptions {
  readonly config: {
    readonly web: {
      readonly host: string;
      /** 0: any free port. */
      readonly port: number;
      readonly token?: string | undefined;
      /** Further tokens, with what each opens. */
      readonly tokens?: readonly WebToken[] | undefined;
      /** Proxies whose word on the sender's address and on https is taken: addresses, networks, or `loopback`. */
      readonly trustProxy?: string | readonly string[] | undefined;
    };
    /** The alert rules, so that their figures can be drawn. */
    readonly alerts?: readonly AlertSettings[];
    /** What KPIs should come to in each month. */
    readonly targets?: readonly MonthlyTarget[] | undefined;
    /** Their names are all that is asked of them. */
    readonly notifiers?: Readonly<Record<string, unknown>>;
    readonly reportingCurrency?: string | undefined;
    readonly schedule?: string | undefined;
    readonly timezone?: string | undefined;
    /** The platforms that figures are expected of; absent: those that are known. */
    readonly connectors?: ConnectorSettings | undefined;
  };
  readonly db: Kysely<DB>;
  /** Connections of their own for downloads and for the probe: absent, they share those of the page. */
  readonly downloads?: Kysely<DB>;
  readonly probe?: Kysely<DB>;
  readonly log: Logger;
  /** What `/readyz` asks, by name: each resolves where its part is well. The database is asked in any case. */
  readonly checks?: Readonly<Record<string, Probe>>;
  /** What `/metrics` prints; a registry of its own where none is given. */
  readonly metricsRegistry?: Registry;
  /** What was given up and how to put it back to work; without it the page leaves that part out. */
  readonly jobs?: Jobs | undefined;
  /** A way to begin a night at once; without it the page cannot. */
  readonly nights?: Nights | undefined;
  /** When tokens end, where they are not kept in the database. */
  readonly credentials?: ApiOptions["credentials"];
  /** Mounts further routes (the job board under `/queues`), guarded like the rest but with a looser content policy. */
  readonly extraRoutes?: (app: FastifyInstance) => Promise<void> | void;
}

/** The web server while it listens. */
export interface Web {
  readonly url: string;
  /** Stops listening; answers under way are finished. */
  close(): Promise<void>;
}

const policy = (directives: Record<string, readonly string[]>): FastifyHelmetOptions => ({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      connectSrc: ["'self'"],
      formAction: ["'self'"],
      baseUri: ["'none'"],
      frameAncestors: ["'none'"],
      ...directives,
    },
  },
  referrerPolicy: { policy: "same-origin" },
  // Served over plain HTTP on loopback; who puts TLS in front of it says so there.
  strictTransportSecurity: false,
});

const strict = policy({ scriptSrc: ["'self'"], styleSrc: ["'self'"], imgSrc: ["'self'", "data:"] });

// The job board brings inline styles and scripts and a base of its own; nothing of ours is drawn under this policy.
const relaxed = policy({
  baseUri: ["'self'"],
  scriptSrc: ["'self'", "'unsafe-inline'"],
  styleSrc: ["'self'", "'unsafe-inline'"],
  imgSrc: ["'self'", "data:"],
  fontSrc: ["'self'", "data:"],
});

/** How long a request may take to arrive, head and body. */
const slowestRequestMs = 20_000;

const refuseOpenDoor = (host: string, tokens: readonly WebToken[]): void => {
  if (tokens.some(({ role }) => role !== "feed") || isLoopbackHost(host)) return;
  throw new Failure({
    kind: "request",
    message: `web.host ${host} can be reached from other machines, and no web.token is set`,
    remedy: "set web.token (COSTPER_WEB_TOKEN), or listen on 127.0.0.1",
  });
};

const listen = async (app: FastifyInstance, host: string, port: number): Promise<string> => {
  try {
    return await app.listen({ host, port });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reasons: Readonly<Record<string, string>> = {
      EADDRINUSE: "another program listens there already",
      EACCES: "this user may not listen there",
      EADDRNOTAVAIL: "this machine has no such address",
      ENOTFOUND: "no such host",
    };
    const reason = reasons[code ?? ""];
    if (reason === undefined) throw error;
    throw new Failure({
      kind: "request",
      message: `the dashboard cannot listen on ${host}:${String(port)}: ${reason}`,
      remedy: "set web.host or web.port to another address",
      cause: error,
    });
  }
};

/**
 * Opens health probes, metrics, JSON API and dashboard on one port.
 * @throws Failure where the address is taken, or open to others without a token.
 */
export const openWeb = async (options: WebOptions): Promise<Web> => {
  const { config, db, log, downloads = db, probe = db } = options;
  const { host, port, trustProxy } = config.web;
  const tokens = tokensOf(config.web);
  refuseOpenDoor(host, tokens);

  const app = fastify({
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    forceCloseConnections: "idle",
    // A sender that drips is cut off: nothing that is sent here takes longer than a moment.
    requestTimeout: slowestRequestMs,
    http: { headersTimeout: slowestRequestMs, connectionsCheckingInterval: slowestRequestMs / 4 },
    ...(trustProxy !== undefined && {
      trustProxy: typeof trustProxy === "string" ? trustProxy : [...trustProxy],
    }),
    routerOptions: { maxParamLength: 200 },
    // What no route is looked for with: it cannot be decoded, or a part of it is endless.
    frameworkErrors: ({ statusCode = 400 }, _request, reply) =>
      void (reply as unknown as FastifyReply)
        .code(statusCode)
        .send({ error: "the address cannot be read", remedy: "correct it, or start from the overview: /" }),
  }) as unknown as FastifyInstance;
  answerFailures(app);
  const access =
    tokens.length === 0
      ? undefined
      : { tokens, sessions: await openSessions(app, db, tokens), countGuess: await limitGuesses(app) };
  guard(app, access === undefined ? {} : { access });

  await app.register(async (ours) => {
    await ours.register(helmet, strict);
    ours.setNotFoundHandler((_request, reply) =>
      reply
        .code(404)
        .send({ error: "there is nothing at this address", remedy: "start from the overview: /" }),
    );
    probeRoutes(ours, { database: () => sql`select 1`.execute(probe), ...options.checks });
    metricsRoute(ours, options.metricsRegistry);
    await ours.register(
      async (api) =>
        apiRoutes(api, {
          db,
          downloads,
          jobs: options.jobs,
          nights: options.nights,
          credentials: options.credentials,
          alerts: config.alerts ?? [],
          notifiers: Object.keys(config.notifiers ?? {}),
          reportingCurrency: config.reportingCurrency,
          schedule: scheduleOf(config),
          targets: config.targets ?? [],
          configured: config.connectors && configuredAccounts(config.connectors),
        }),
      { prefix: "/api" },
    );
    await ours.register(async (feeds) => feedRoutes(feeds, downloads), { prefix: "/feed" });
    await pageRoutes(ours, { hasBoard: options.extraRoutes !== undefined });
    if (access !== undefined) await ours.register(async (login) => loginRoutes(login, access));
  });
  const { extraRoutes } = options;
  if (extraRoutes !== undefined)
    await app.register(async (theirs) => {
      await theirs.register(helmet, relaxed);
      await extraRoutes(theirs);
    });

  try {
    const url = await listen(app, host, port);
    return { url, close: () => app.close() };
  } catch (error) {
    await app.close();
    throw error;
  }
};
