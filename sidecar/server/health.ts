/** Probes and metrics on a port of their own, so that they answer when the ingress is full. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PROBE_PATH } from '#contract/names/pod';
import type { ListenAddress } from '#sidecar/config/sidecar-config';
import type { AdmissionReadings } from '#sidecar/telemetry/admission-count';
import type { CacheCount } from '#sidecar/telemetry/watched-metrics';
import { listen } from './listen.ts';

export interface MetricsPage {
  /** The Prometheus text format. */
  text(): Promise<string>;
  readonly contentType: string;
  /** Where the numbers of requests under way and waiting are read from. Absent: the page does not show them. */
  watchAdmission?(readings: AdmissionReadings): void;
  /** The same for the cache of answers. */
  watchCache?(count: () => CacheCount): void;
}

export interface HealthState {
  /** undefined: yes; else one sentence that says what is waited for. */
  readonly notStarted: () => string | undefined;
  readonly notReady: () => string | undefined;
  readonly metrics: MetricsPage | undefined;
  /** A row per variant, as JSON has them. */
  readonly variants: () => readonly object[];
  /** A row per target. */
  readonly targets: () => readonly object[];
}

const HEADERS_TIMEOUT_MS = 10_000;
const MAX_CONNECTIONS = 64;

export class HealthServer {
  readonly #server: Server;
  readonly #state: HealthState;
  readonly #address: ListenAddress;

  constructor(address: ListenAddress, state: HealthState) {
    this.#address = address;
    this.#state = state;
    this.#server = createServer({ headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: HEADERS_TIMEOUT_MS });
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.on('request', (request, response) => void this.#answer(request, response));
  }

  listen(): Promise<AddressInfo> {
    return listen(this.#server, this.#address);
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url?.split('?', 1)[0];
    if (request.method !== 'GET' && request.method !== 'HEAD') return plain(response, 405, 'GET only');
    if (path === PROBE_PATH.live) return plain(response, 200, 'ok');
    if (path === PROBE_PATH.startup) return probe(response, this.#state.notStarted());
    if (path === PROBE_PATH.ready) return probe(response, this.#state.notReady());
    if (path === PROBE_PATH.metrics && this.#state.metrics !== undefined) {
      return writeMetrics(response, this.#state.metrics);
    }
    if (path === PROBE_PATH.variants) return writeJson(response, { variants: this.#state.variants() });
    if (path === PROBE_PATH.targets) return writeJson(response, { targets: this.#state.targets() });
    plain(response, 404, `one of ${Object.values(PROBE_PATH).join(' ')}`);
  }
}

const probe = (response: ServerResponse, missing: string | undefined): void =>
  plain(response, missing === undefined ? 200 : 503, missing ?? 'ok');

async function writeMetrics(response: ServerResponse, metrics: MetricsPage): Promise<void> {
  try {
    const text = await metrics.text();
    response.writeHead(200, { 'content-type': metrics.contentType });
    response.end(text);
  } catch {
    plain(response, 500, 'the metrics could not be collected');
  }
}

function writeJson(response: ServerResponse, body: object): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(body, null, 2)}\n`);
}

function plain(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(`${text}\n`);
}
