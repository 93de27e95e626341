/** Joins the three views of a finished request: log line, metrics and, when an OTLP endpoint is set, a trace. */
import { type DestinationStream, type Logger, pino } from 'pino';
import { expressionLogger } from './expression-log.ts';
import { requestLine } from './log.ts';
import { LogOutput } from './log-output.ts';
import { createSidecarMetrics, type SidecarMetrics } from './metrics.ts';
import type { RequestRecord, Telemetry } from './request-record.ts';
import type { RequestTracer } from './tracer.ts';

const STANDARD_OUTPUT = 1;
/** Records are worked on together, since code and tables that are in the processor's caches for one serve the next: alone each costs three times as much. */
const BATCH_RECORDS = 16;
/** How long a record may wait for others. */
const WAIT_MS = 20;

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
  const failed = expressionLogger(log);
  const batch = new RecordBatch((requests) => {
    for (const request of requests) metrics.observe(request);
    for (const request of requests) failed(request);
    if (tracer !== undefined) for (const request of requests) tracer.record(request);
    if (log.isLevelEnabled('info')) for (const request of requests) output.write(requestLine(request));
  });
  return {
    log,
    metrics: {
      ...metrics,
      text() {
        batch.flush();
        return metrics.text();
      },
    },
    record: (request) => batch.add(request),
    watchTargets: (readings) => metrics.watchTargets(readings),
    async close() {
      batch.close();
      await tracer?.close();
      if (output instanceof LogOutput) await output.flushed();
    },
  };
}

class RecordBatch {
  readonly #work: (requests: readonly RequestRecord[]) => void;
  #requests: RequestRecord[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(work: (requests: readonly RequestRecord[]) => void) {
    this.#work = work;
    // Before the output's own last words, which write what is given to it here.
    process.prependOnceListener('exit', this.flush);
  }

  /** Without effect on what is added later: it is worked on as before, but not when the process exits. */
  close(): void {
    process.off('exit', this.flush);
    this.flush();
  }

  add(request: RequestRecord): void {
    this.#requests.push(request);
    if (this.#requests.length >= BATCH_RECORDS) this.flush();
    else this.#timer ??= setTimeout(this.flush, WAIT_MS);
  }

  readonly flush = (): void => {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const requests = this.#requests;
    if (requests.length === 0) return;
    this.#requests = [];
    this.#work(requests);
  };
}

/** Kept out of the eager bundle: the SDK costs more memory than the rest of the sidecar's telemetry together. */
async function loadTracer({ otlpEndpoint, serviceName }: TelemetryOptions): Promise<RequestTracer | undefined> {
  if (otlpEndpoint === undefined || otlpEndpoint === '') return undefined;
  const { createTracer } = await import('./tracer.ts');
  return createTracer(serviceName);
}
