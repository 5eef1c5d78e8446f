import type { SpanExporter } from "@opentelemetry/sdk-trace-node";
import type { Telemetry } from "bullmq";
import type { Logger } from "pino";
import type { JobEvent } from "../sync/hand.ts";

/** Traces of a night, where OTEL_EXPORTER_OTLP_ENDPOINT says where to; nothing is loaded otherwise. */
export interface Tracing {
  readonly telemetry: Telemetry;
  /** Writes onto the span at hand which job it was and what came of it. */
  onJob(event: JobEvent): void;
  /** Sends what is left, as far as a receiver takes it before the process has to end. */
  close(): Promise<void>;
}

/** A service that is told to stop does not wait for a receiver that does not answer. */
const closeMs = 2_000;

/** How often the log mentions a receiver that takes nothing. */
const repeatMs = 5 * 60_000;

/** Losing traces does no harm, but the log says so. */
const sayLosses = (exporter: SpanExporter, log: Logger, where: string): SpanExporter => {
  let saidAt: number | undefined;
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        const now = performance.now();
        // 0 is success; the code's own enum would load the SDK's core for one number.
        if (Number(result.code) !== 0 && (saidAt === undefined || now - saidAt > repeatMs)) {
          saidAt = now;
          log.warn(
            { where, spans: spans.length, failure: result.error?.message },
            "traces are lost: their receiver does not take them (OTEL_EXPORTER_OTLP_ENDPOINT)",
          );
        }
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
    ...(exporter.forceFlush && { forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve() }),
  };
};

/** An endpoint may carry a user and a password. */
const hostOf = (endpoint: string): string => (URL.canParse(endpoint) ? new URL(endpoint).host : "");

export const openTracing = async (
  env: NodeJS.ProcessEnv,
  options: { readonly version: string; readonly log: Logger },
): Promise<Tracing | undefined> => {
  const { version, log } = options;
  const endpoint = env["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] || env["OTEL_EXPORTER_OTLP_ENDPOINT"];
  if (!endpoint) return undefined;
  const [
    { trace },
    { BullMQOtel },
    { BatchSpanProcessor, NodeTracerProvider },
    { OTLPTraceExporter },
    { resourceFromAttributes },
  ] = await Promise.all([
    import("@opentelemetry/api"),
    import("bullmq-otel"),
    import("@opentelemetry/sdk-trace-node"),
    import("@opentelemetry/exporter-trace-otlp-http"),
    import("@opentelemetry/resources"),
  ]);
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({
      "service.name": env["OTEL_SERVICE_NAME"] ?? "costper",
      "service.version": version,
    }),
    spanProcessors: [new BatchSpanProcessor(sayLosses(new OTLPTraceExporter(), log, hostOf(endpoint)))],
  });
  provider.register();
  return {
    telemetry: new BullMQOtel({ tracerName: "costper" }, version),
    onJob({ job, outcome, failure, rowsRead, rowsWritten }) {
      trace.getActiveSpan()?.setAttributes({
        "costper.run": job.runId,
        "costper.job": job.jobId,
        "costper.kind": job.kind,
        "costper.platform": job.platform ?? undefined,
        "costper.account": job.accountId ?? undefined,
        "costper.from": job.from ?? undefined,
        "costper.to": job.to ?? undefined,
        "costper.outcome": outcome,
        "costper.failure": failure?.kind,
        "costper.rows_read": rowsRead,
        "costper.rows_written": rowsWritten,
      });
    },
    async close() {
      let timer: NodeJS.Timeout | undefined;
      await Promise.race([
        provider.shutdown().catch(() => undefined),
        new Promise((done) => (timer = setTimeout(done, closeMs))),
      ]);
      clearTimeout(timer);
    },
  };
};
