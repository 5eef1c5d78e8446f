import type { Telemetry } from "bullmq";

/** Traces of a night, where `OTEL_EXPORTER_OTLP_ENDPOINT` says where to; nothing is loaded otherwise. */
export interface Tracing {
  readonly telemetry: Telemetry;
  close(): Promise<void>;
}

export const openTracing = async (env: NodeJS.ProcessEnv, version: string): Promise<Tracing | undefined> => {
  if (!env["OTEL_EXPORTER_OTLP_ENDPOINT"]) return undefined;
  const [
    { BullMQOtel },
    { BatchSpanProcessor, NodeTracerProvider },
    { OTLPTraceExporter },
    { resourceFromAttributes },
  ] = await Promise.all([
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
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  });
  provider.register();
  return { telemetry: new BullMQOtel({ tracerName: "costper" }, version), close: () => provider.shutdown() };
};
