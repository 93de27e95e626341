/** Traces compile → push when an OTLP endpoint is set. The SDK is loaded only then; without it every span is a no-op. */
import { type Span, SpanStatusCode, trace } from '@opentelemetry/api';

interface Tracing {
  close(): Promise<void>;
}

/** Reads the standard OTEL_* environment itself, as every OpenTelemetry SDK does. */
export async function startTracing(endpoint: string | undefined): Promise<Tracing> {
  if (!endpoint) return { close: async () => undefined };
  const { NodeSDK } = await import('@opentelemetry/sdk-node');
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http');
  const sdk = new NodeSDK({ serviceName: 'remora-operator', traceExporter: new OTLPTraceExporter() });
  sdk.start();
  // A collector that refuses the last spans is no reason to end in failure.
  return { close: () => sdk.shutdown().catch(() => undefined) };
}

const tracer = trace.getTracer('remora-operator');

/** Runs `work` in a span that is current meanwhile, ends it, and marks it when `work` throws. */
export function inSpan<T>(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  work: (span: Span) => T,
): T {
  return tracer.startActiveSpan(name, { attributes: { ...attributes } }, (span) => {
    try {
      return work(span);
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.message : String(error) });
      throw error;
    } finally {
      span.end();
    }
  });
}

/** W3C trace context of a span; undefined when nothing is traced. */
export function traceparentOf(span: Span): string | undefined {
  const { traceId, spanId, traceFlags } = span.spanContext();
  if (/^0+$/.test(traceId)) return undefined;
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}
