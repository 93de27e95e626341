/** Joins the three views of a finished request: log line, metrics and, when an OTLP endpoint is set, a trace. */
import { type DestinationStream, type Logger, pino } from 'pino';
import { requestLine } from './log.ts';
import { LogOutput } from './log-output.ts';
import { createSidecarMetrics, type SidecarMetrics } from './metrics.ts';
import type { RequestRecord, Telemetry } from './request-record.ts';
import type { RequestTracer } from './tracer.ts';

const STANDARD_OUTPUT = 1;

export interface TelemetryOptions {
  /** pino's levels; default info. Requests are logged at info. */
  readonly logLevel?: string;
  /** Default standard output. */
  readonly destination?: DestinationStream;
  /** The OTLP endpoint that the standard variables name; undefined: no traces. */
  readonly otlpEndpoint?: string;
  readonly serviceName: string;
  /** Unix milliseconds. */
  readonly now: () => number;
}

export interface SidecarTelemetry extends Telemetry {
  readonly log: Logger;
  readonly metrics: SidecarMetrics;
  close(): Promise<void>;
}

export async function createTelemetry(options: TelemetryOptions): Promise<SidecarTelemetry> {
  const output = options.destination ?? new LogOutput(STANDARD_OUTPUT);
  const log = pino(
    {
      level: options.logLevel ?? 'info',
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    output,
  );
  const metrics = createSidecarMetrics(options.now);
  const tracer = await loadTracer(options);
  return {
    log,
    metrics,
    record(request: RequestRecord) {
      metrics.observe(request);
      tracer?.record(request);
      if (log.isLevelEnabled('info')) output.write(requestLine(request, options.now()));
    },
    async close() {
      await tracer?.close();
      if (output instanceof LogOutput) await output.flushed();
    },
  };
}

/** Kept out of the eager bundle: the SDK costs more memory than the rest of the sidecar's telemetry together. */
async function loadTracer({ otlpEndpoint, serviceName }: TelemetryOptions): Promise<RequestTracer | undefined> {
  if (otlpEndpoint === undefined || otlpEndpoint === '') return undefined;
  const { createTracer } = await import('./tracer.ts');
  return createTracer(serviceName);
}
