/** Turns finished requests into OpenTelemetry spans and exports them by OTLP/HTTP. Loaded only when an endpoint is set. */
import { type Context, ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type SpanExporter,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { RequestRecord } from './request-record.ts';
import { type SpanData, traceOf } from './spans.ts';

export interface RequestTracer {
  record(request: RequestRecord): void;
  /** Sends what is queued; bounded. */
  close(): Promise<void>;
}

const MAX_QUEUED_SPANS = 2048;
const EXPORT_TIMEOUT_MS = 5_000;
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** The exporter reads the standard OTEL_EXPORTER_OTLP_* variables itself. */
export function createTracer(serviceName: string, exporter: SpanExporter = new OTLPTraceExporter()): RequestTracer {
  const provider = new TracerProvider({
    resource: defaultResource().merge(resourceFromAttributes({ 'service.name': serviceName })),
    sampler: new ParentBasedSampler({ root: new AlwaysOnSampler() }),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter,
        maxQueueSize: MAX_QUEUED_SPANS,
        exportTimeoutMillis: EXPORT_TIMEOUT_MS,
      }),
    ],
  });
  const tracer = provider.getTracer('remora');
  const emit = (data: SpanData, kind: SpanKind, parent: Context): Context => {
    const span = tracer.startSpan(
      data.name,
      { kind, startTime: data.startUnixMs, attributes: data.attributes },
      parent,
    );
    if (data.errorType !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: data.errorType });
    span.end(data.endUnixMs);
    return trace.setSpan(parent, span);
  };
  return {
    record(request) {
      const { server, attempts } = traceOf(request);
      // A copy serves nobody, so that it is no request of whoever counts those of a server.
      const kind = request.shadow ? SpanKind.INTERNAL : SpanKind.SERVER;
      const context = emit(server, kind, parentOf(request.traceparent));
      for (const attempt of attempts) emit(attempt, SpanKind.CLIENT, context);
    },
    async close() {
      await provider.forceFlush({ timeoutMillis: EXPORT_TIMEOUT_MS }).catch(() => undefined);
      await provider.shutdown().catch(() => undefined);
    },
  };
}

/** W3C Trace Context, section 3.2; anything malformed starts a new trace. */
function parentOf(traceparent: string | undefined): Context {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(traceparent ?? '') ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return ROOT_CONTEXT;
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED,
    isRemote: true,
  });
}
