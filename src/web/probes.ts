import type { FastifyInstance } from "fastify";
import { collectDefaultMetrics, Histogram, Registry } from "prom-client";
import { Failure } from "../domain/failure.ts";
import { isDatabaseGone } from "./failures.ts";

/** Resolves where the thing is well; throws where it is not. */
export type Probe = () => Promise<unknown>;

const checkTimeoutMs = 3000;

// The probe needs no token: it says what is wrong in our own words only.
const reasonOf = (error: unknown): string => {
  if (error instanceof Failure) return error.message;
  return isDatabaseGone(error) ? "does not answer" : "failed; the log says why";
};

const run = async (check: Probe): Promise<{ readonly ok: boolean; readonly reason?: string }> => {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Failure({ kind: "transient", message: "does not answer in time" })),
      checkTimeoutMs,
    );
  });
  try {
    await Promise.race([check(), timeout]);
    return { ok: true };
  } catch (error) {
    return { ok: false, reason: reasonOf(error) };
  } finally {
    clearTimeout(timer);
  }
};

/** `/healthz` (the process lives) and `/readyz` (what it needs is well, or which part is not). */
export const probeRoutes = (app: FastifyInstance, checks: Readonly<Record<string, Probe>>): void => {
  app.get("/healthz", () => ({ status: "ok" }));

  app.get("/readyz", async (_request, reply) => {
    const results = await Promise.all(
      Object.entries(checks).map(async ([name, check]) => [name, await run(check)] as const),
    );
    const ready = results.every(([, { ok }]) => ok);
    return reply
      .code(ready ? 200 : 503)
      .header("cache-control", "no-store")
      .send({ status: ready ? "ok" : "not ready", checks: Object.fromEntries(results) });
  });
};

/** `/metrics` in Prometheus text, and how long our own routes take. */
export const metricsRoute = (app: FastifyInstance, shared: Registry | undefined): void => {
  const registry = shared ?? new Registry();
  if (shared === undefined) collectDefaultMetrics({ register: registry });
  const name = "costper_http_request_seconds";
  const seconds =
    (registry.getSingleMetric(name) as Histogram<"method" | "route" | "status"> | undefined) ??
    new Histogram({
      name,
      help: "How long a request to the web server took, in seconds.",
      labelNames: ["method", "route", "status"] as const,
      buckets: [0.005, 0.025, 0.1, 0.25, 1, 5],
      registers: [registry],
    });

  app.addHook("onResponse", async (request, reply) => {
    const route = request.routeOptions.url ?? "none";
    seconds.observe(
      { method: request.method, route, status: String(reply.statusCode) },
      reply.elapsedTime / 1000,
    );
  });
  app.get("/metrics", async (_request, reply) =>
    reply.type(registry.contentType).send(await registry.metrics()),
  );
};
