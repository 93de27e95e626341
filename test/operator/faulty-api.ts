/** A plain-HTTP door before the real API server with switchable faults on its watches: bytes swallowed, connections reset, 410 Gone. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';
import { accessOf, type ClusterAccess } from '#operator/kube/cluster-access';
import type { ApiServer } from '#test/support/api-server';

export interface FaultyApi {
  readonly access: ClusterAccess;
  /** How many watches were opened so far. */
  watches(): number;
  /** From now on the open watches stay connected and say nothing more; new ones work. */
  swallow(): void;
  /** Cuts the open watches' connections. */
  reset(): void;
  /** Ends the open watches with an ERROR frame 410, as the API server does for an expired version. */
  expire(): void;
  /** Until `heal`, every request is refused with a reset. */
  darken(): void;
  heal(): void;
  close(): Promise<void>;
}

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
  const { headers, tls } = await directAccess(server).credentials();
  const watches = new Set<OpenWatch>();
  let opened = 0;
  let dark = false;
  const forward = (incoming: IncomingMessage, response: ServerResponse): void => {
    if (dark) {
      response.destroy();
      return;
    }
    const { method, url } = incoming;
    const upstream = httpsRequest(`${server.url}${url}`, {
      method,
      agent: false,
      ca: tls.ca,
      headers: { ...incoming.headers, ...headers },
    });
    upstream.once('error', () => response.destroy());
    upstream.once('response', (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      if (url?.includes('watch=1')) {
        opened += 1;
        const watch = { response, upstream: answer };
        watches.add(watch);
        response.flushHeaders();
        response.once('close', () => {
          watches.delete(watch);
          answer.destroy();
        });
      }
      answer.once('error', () => response.destroy());
      answer.pipe(response);
    });
    incoming.pipe(upstream);
  };
  const door = createServer(forward);
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
  const forEach = (fault: (watch: OpenWatch) => void) => () => {
    for (const watch of watches) fault(watch);
  };
  return {
    access: {
      server: `http://127.0.0.1:${(door.address() as AddressInfo).port}`,
      credentials: async () => ({ headers: {}, tls: {} }),
    },
    watches: () => opened,
    swallow: forEach(({ upstream, response }) => upstream.unpipe(response)),
    reset: forEach(({ response }) => response.destroy()),
    expire: forEach(({ upstream, response }) => {
      upstream.unpipe(response);
      response.end(`${JSON.stringify({ type: 'ERROR', object: GONE })}\n`);
    }),
    darken: () => {
      dark = true;
      forEach(({ response }) => response.destroy())();
    },
    heal: () => {
      dark = false;
    },
    close: () =>
      new Promise((resolve) => {
        door.close(() => resolve());
        door.closeAllConnections();
      }),
  };
}
