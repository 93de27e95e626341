/** A proxy that leads nowhere and remembers what it was asked for: what a program reaches for beside the sidecar. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

export interface DeadEnd {
  /** What makes programs use it for all but this machine. */
  readonly env: Readonly<Record<string, string>>;
  readonly askedFor: readonly string[];
}

export async function startDeadEnd(t: TestContext): Promise<DeadEnd> {
  const askedFor: string[] = [];
  const server = createServer(({ url = '' }, response) => {
    askedFor.push(url);
    response.writeHead(502).end();
  });
  server.on('connect', ({ url = '' }, socket) => {
    askedFor.push(url);
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'all_proxy'];
  const own = '127.0.0.1,localhost,::1';
  return { askedFor, env: { ...Object.fromEntries(names.map((name) => [name, url])), NO_PROXY: own, no_proxy: own } };
}
