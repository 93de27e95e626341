/** Upstream HTTP/1.1 over undici: one pool per origin, dispatch() only, nothing followed, nothing decompressed. */
// By their own files: fetch, caches and web sockets, which come with the package's name, cost 12 MiB resident and 40 ms at start.
import Client from 'undici/lib/dispatcher/client.js';
import Pool from 'undici/lib/dispatcher/pool.js';
import { type Connection, Exchange } from './exchange.ts';
import type { Upstream, UpstreamRequest, UpstreamResponse } from './upstream.ts';

/** Below the idle limit of the common load balancers (60 s), so that we close first and lose no request to their close. */
const KEEP_ALIVE_MS = 20_000;
/** Sockets to one origin; more requests wait for one. */
const CONNECTIONS_PER_ORIGIN = 1024;
/** Pools kept at one time; a Service alone may have 256 endpoints. */
const MOST_POOLS = 512;

export interface UndiciUpstreamOptions {
  /** PEM certificates trusted beside the system's, for private providers. */
  readonly ca?: string;
}

/** One connection of a pool, which tells the exchanges it carries how often its present socket has served. */
class CountingClient extends Client {
  readonly #connection: Connection = { answered: 0 };

  constructor(origin: URL | string, options: Client.Options) {
    super(origin, options);
    this.on('disconnect', () => {
      this.#connection.answered = 0;
    });
  }

  override dispatch(options: Parameters<Client['dispatch']>[0], handler: Parameters<Client['dispatch']>[1]): boolean {
    if (handler instanceof Exchange) handler.connection = this.#connection;
    return super.dispatch(options, handler);
  }
}

export class UndiciUpstream implements Upstream {
  readonly #pools = new Map<string, Pool>();
  readonly #ca: string | undefined;

  constructor(options: UndiciUpstreamOptions = {}) {
    this.#ca = options.ca;
  }

  send(request: UpstreamRequest): Promise<UpstreamResponse> {
    const [origin, path] = splitUrl(request.url);
    const exchange = new Exchange(request, () => this.#sendOnFreshConnection(origin, path, request));
    this.#pool(origin, request.timeouts.connectMs).dispatch(dispatchOptions(request, path), exchange);
    return exchange.head;
  }

  async close(): Promise<void> {
    const pools = [...this.#pools.values()];
    this.#pools.clear();
    await Promise.all(pools.map((pool) => pool.destroy()));
  }

  /** The provider closed an idle connection just as we used it, or took no new one: another connection may stand, and bills nothing twice. */
  #sendOnFreshConnection(origin: string, path: string, request: UpstreamRequest): Promise<UpstreamResponse> {
    const client = new Client(origin, this.#options(request.timeouts.connectMs));
    const exchange = new Exchange(request);
    client.dispatch({ ...dispatchOptions(request, path), reset: true }, exchange);
    // Ends the connection once its only exchange is over; the exchange itself reports every failure.
    client.close().catch(() => {});
    return exchange.head;
  }

  #pool(origin: string, connectMs: number): Pool {
    // The connect timeout belongs to a pool's connector, so targets that differ in it have a pool each.
    const key = `${origin} ${connectMs}`;
    let pool = this.#pools.get(key);
    if (pool === undefined) {
      pool = new Pool(origin, {
        ...this.#options(connectMs),
        connections: CONNECTIONS_PER_ORIGIN,
        factory: (target, options) => new CountingClient(target, options),
      });
      this.#pools.set(key, pool);
      this.#retireOldest();
    }
    return pool;
  }

  /** Endpoints change with policies; a pool that is closed finishes what it carries first. */
  #retireOldest(): void {
    if (this.#pools.size <= MOST_POOLS) return;
    const [oldest] = this.#pools;
    if (oldest === undefined) return;
    this.#pools.delete(oldest[0]);
    oldest[1].close().catch(() => {});
  }

  #options(connectMs: number): Client.Options {
    return {
      allowH2: false,
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
      connect: { timeout: connectMs, ...(this.#ca === undefined ? {} : { ca: this.#ca }) },
    };
  }
}

const dispatchOptions = (request: UpstreamRequest, path: string) => ({
  path,
  method: request.method ?? ('POST' as const),
  headers: request.headers,
  body: request.method === undefined || request.method === 'POST' ? request.body : null,
  headersTimeout: request.timeouts.headersMs,
  bodyTimeout: request.timeouts.idleMs,
});

/** By hand, since a URL object per request costs more than the rest of this function. The policy's endpoint is checked already. */
function splitUrl(url: string): [origin: string, path: string] {
  const slash = url.indexOf('/', url.indexOf('://') + 3);
  return slash < 0 ? [url, '/'] : [url.slice(0, slash), url.slice(slash)];
}
