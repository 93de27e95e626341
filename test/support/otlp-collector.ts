/** An OTLP collector on loopback that keeps what it is sent, and is as unkind as one can be: it refuses, and quotes the request. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Collector {
  readonly url: string;
  readonly bodies: readonly string[];
  /** The Authorization headers. */
  readonly authorizations: readonly string[];
}

export async function startCollector(test: { after(release: () => Promise<void>): void }): Promise<Collector> {
  const bodies: string[] = [];
  const authorizations: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      bodies.push(Buffer.concat(chunks).toString('latin1'));
      authorizations.push(request.headers.authorization ?? '');
      response.writeHead(400).end(`not with ${request.headers.authorization}`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  test.after(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, bodies, authorizations };
}
