/** An upstream that answers with given bytes, written in the pieces that a test wants. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Cutter {
  readonly state: {
    pieces: readonly Uint8Array[];
    /** Default: that of a stream of events. */
    contentType?: string;
    headers?: Readonly<Record<string, string>>;
  };
  readonly url: string;
}

async function writePieces(response: ServerResponse, { pieces, contentType, headers }: Cutter['state']): Promise<void> {
  response.writeHead(200, { 'content-type': contentType ?? 'text/event-stream', ...headers });
  for (const piece of pieces) {
    response.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  response.end();
}

export async function startCutter(t: { after(release: () => Promise<void>): void }): Promise<Cutter> {
  const state: Cutter['state'] = { pieces: [] };
  const server: Server = createServer((request, response) => {
    request.resume();
    request.on('end', () => void writePieces(response, state));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(async () => {
    server.close();
    server.closeAllConnections();
  });
  return { state, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1` };
}
