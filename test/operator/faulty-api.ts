/** A plain-HTTP door before the real API server with switchable faults on its watches: bytes swallowed, connections reset, 410 Gone. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';
import { accessOf, type ClusterAccess, type ClusterCredentials } from '#operator/kube/cluster-access';
import type { ApiServer } from '#test/support/api-server';

export const directAccess = (server: ApiServer): ClusterAccess => {
  const config = new KubeConfig();
  config.loadFromString(server.kubeconfig);
  return accessOf(config);
};

interface OpenWatch {
  readonly response: ServerResponse;
  readonly upstream: IncomingMessage;
}

const GONE = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'Expired', code: 410, message: 'too old' };

export async function startFaultyApi(server: ApiServer): Promise<FaultyApi> {
  const api = new FaultyApi(server.url, await directAccess(server).credentials());
  await api.listen();
  return api;
}

export class FaultyApi {
  readonly #target: string;
  readonly #credentials: ClusterCredentials;
  readonly #door = createServer((incoming, response) => this.#forward(incoming, response));
  readonly #watches = new Set<OpenWatch>();
  #opened = 0;
  #isDark = false;

  constructor(target: string, credentials: ClusterCredentials) {
    this.#target = target;
    this.#credentials = credentials;
  }

  async listen(): Promise<void> {
    await once(this.#door.listen(0, '127.0.0.1'), 'listening');
  }

  get access(): ClusterAccess {
    const { port } = this.#door.address() as AddressInfo;
    return { server: `http://127.0.0.1:${port}`, credentials: async () => ({ headers: {}, tls: {} }) };
  }

  /** How many watches were opened so far. */
  watches(): number {
    return this.#opened;
  }

  /** From now on the open watches stay connected and say nothing more; new ones work. */
  swallow(): void {
    for (const { upstream, response } of this.#watches) upstream.unpipe(response);
  }

  /** Cuts the open watches' connections. */
  reset(): void {
    for (const { response } of this.#watches) response.destroy();
  }

  /** Ends the open watches with an ERROR frame 410, as the API server does for an expired version. */
  expire(): void {
    this.swallow();
    for (const { response } of this.#watches) response.end(`${JSON.stringify({ type: 'ERROR', object: GONE })}\n`);
  }

  /** Until `heal`, every request is refused with a reset. */
  darken(): void {
    this.#isDark = true;
    this.reset();
  }

  heal(): void {
    this.#isDark = false;
  }

  async close(): Promise<void> {
    const closed = once(this.#door, 'close');
    this.#door.close();
    this.#door.closeAllConnections();
    await closed;
  }

  #forward(incoming: IncomingMessage, response: ServerResponse): void {
    if (this.#isDark) {
      response.destroy();
      return;
    }
    const { method, url = '' } = incoming;
    const { headers, tls } = this.#credentials;
    const upstream = httpsRequest(`${this.#target}${url}`, {
      method,
      agent: false,
      ca: tls.ca,
      headers: { ...incoming.headers, ...headers },
    });
    upstream.once('error', () => response.destroy());
    upstream.once('response', (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      if (url.includes('watch=1')) this.#keep({ response, upstream: answer });
      answer.once('error', () => response.destroy());
      answer.pipe(response);
    });
    incoming.pipe(upstream);
  }

  #keep(watch: OpenWatch): void {
    this.#opened += 1;
    this.#watches.add(watch);
    watch.response.flushHeaders();
    watch.response.once('close', () => {
      this.#watches.delete(watch);
      watch.upstream.destroy();
    });
  }
}
