/** /livez, /readyz and /metrics of the operator, on a port of their own. */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HealthServerOptions {
  /** What is not ready yet, one phrase each; empty means ready. */
  readonly unready: () => readonly string[];
  readonly metrics: () => Promise<string>;
  readonly metricsType: string;
}

export interface HealthServer {
  /** Resolves with the port. Port 0 takes a free one. */
  listen(host: string, port: number): Promise<number>;
  close(): Promise<void>;
}

export function createHealthServer(options: HealthServerOptions): HealthServer {
  const server = createServer({ requestTimeout: 10_000 }, (request, response) => {
    answer(request.url ?? '', response, options).catch(() => send(response, 500, 'metrics failed\n'));
  });
  return {
    async listen(host, port) {
      await once(server.listen(port, host), 'listening');
      return (server.address() as AddressInfo).port;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(url: string, response: ServerResponse, options: HealthServerOptions): Promise<void> {
  const [path] = url.split('?');
  if (path === '/livez') return send(response, 200, 'ok\n');
  if (path === '/metrics') return send(response, 200, await options.metrics(), options.metricsType);
  if (path !== '/readyz') return send(response, 404, 'serves /livez, /readyz and /metrics\n');
  const unready = options.unready();
  return unready.length === 0
    ? send(response, 200, 'ok\n')
    : send(response, 503, `waiting for ${unready.join(', ')}\n`);
}

function send(response: ServerResponse, status: number, text: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, { 'content-type': type }).end(text);
}
