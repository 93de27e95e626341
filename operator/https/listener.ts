/** What the operator's HTTPS servers share: how they begin and end, and bodies with a bound. */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface Listener {
  /** Resolves with the bound port once it listens; rejects when the port is taken. */
  listen(host: string, port: number): Promise<number>;
  /** Lets open requests end, for five seconds at most. */
  close(): Promise<void>;
}

const CLOSE_GRACE_MS = 5_000;

/** `onError` hears of what goes wrong once it listens. */
export const listenerOf = (server: Server, onError: (error: Error) => void): Listener => ({
  async listen(host, port) {
    await once(server.listen(port, host), 'listening');
    server.on('error', onError);
    return (server.address() as AddressInfo).port;
  },
  close: () =>
    new Promise((resolve) => {
      const force = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
      server.close(() => {
        clearTimeout(force);
        resolve();
      });
      server.closeIdleConnections();
    }),
});

/** UTF-8; undefined when it is larger than that. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // The socket must outlive a refusal, or the refusal cannot be sent.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
