/**
 * The part of an API server and a kubelet that forwards a port of a pod: a WebSocket (RFC 6455) of v4.channel.k8s.io, whose frames begin with the
 * number of a stream (0: data, 1: errors), the first one of each with the port. Real ones need a node, which tests on loopback do not have.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const PROTOCOL = 'v4.channel.k8s.io';
const BINARY = 0x82;
const CLOSE = 8;

export interface PortForwardApi {
  /** The text of a kubeconfig. */
  readonly kubeconfig: string;
  /** Paths that were asked for. */
  readonly asked: string[];
}

/** Ports of pods are those of this machine: `ports` says which, by the port that is asked for. */
export async function startPortForwardApi(t: TestContext, ports: ReadonlyMap<number, number>): Promise<PortForwardApi> {
  const asked: string[] = [];
  const server = createServer((_request, response) => response.writeHead(404).end('{"message":"nothing here"}'));
  const open = new Set<Socket>();
  server.on('upgrade', (request: IncomingMessage, socket: Socket) => {
    asked.push(request.url ?? '');
    open.add(socket);
    socket.on('error', () => {});
    const port = Number(/\/portforward\?ports=(\d+)$/.exec(request.url ?? '')?.[1]);
    if (!(request.url ?? '').includes('/pods/app-1/')) return void socket.end('HTTP/1.1 404 Not Found\r\n\r\n');
    accept(request, socket);
    forward(socket, { port, local: ports.get(port) });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { kubeconfig: kubeconfigOf(`http://127.0.0.1:${port}`), asked };
}

function accept({ headers }: IncomingMessage, socket: Socket): void {
  const key = createHash('sha1').update(`${headers['sec-websocket-key']}${GUID}`).digest('base64');
  const lines = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'];
  lines.push(`Sec-WebSocket-Accept: ${key}`, `Sec-WebSocket-Protocol: ${PROTOCOL}`, '', '');
  socket.write(lines.join('\r\n'));
}

function forward(socket: Socket, { port, local }: { readonly port: number; readonly local: number | undefined }): void {
  const portBytes = Buffer.from([port & 0xff, port >> 8]);
  for (const stream of [0, 1]) socket.write(frameOf(stream, portBytes));
  const fail = (): void =>
    void socket.write(frameOf(1, Buffer.from(`error forwarding port ${port} to pod: connection refused`)));
  if (local === undefined) {
    fail();
    return;
  }
  const target = connect(local, '127.0.0.1');
  target.on('error', fail);
  target.on('data', (bytes) => void socket.write(frameOf(0, bytes)));
  target.on('end', () => socket.end(Buffer.from([0x80 | CLOSE, 0])));
  let held: Buffer = Buffer.alloc(0);
  socket.on('data', (bytes) => {
    held = Buffer.concat([held, bytes]);
    for (let frame = firstFrame(held); frame !== undefined; frame = firstFrame(held)) {
      held = held.subarray(frame.length);
      if (frame.opcode === CLOSE) target.end();
      else if (frame.payload[0] === 0) target.write(frame.payload.subarray(1));
    }
  });
  socket.on('close', () => target.destroy());
}

function frameOf(stream: number, bytes: Buffer): Buffer {
  const length = bytes.length + 1;
  const head = length < 126 ? [BINARY, length] : [BINARY, 126, length >> 8, length & 0xff];
  if (length > 0xffff) throw new Error('a frame of the test is too long');
  return Buffer.concat([Buffer.from([...head, stream]), bytes]);
}

/** Of a client, whose frames are masked. */
function firstFrame(bytes: Buffer): { opcode: number; payload: Buffer; length: number } | undefined {
  if (bytes.length < 2) return undefined;
  const short = (bytes[1] ?? 0) & 0x7f;
  const at = short < 126 ? 2 : 4;
  if (bytes.length < at + 4) return undefined;
  const size = short < 126 ? short : bytes.readUInt16BE(2);
  const length = at + 4 + size;
  if (bytes.length < length) return undefined;
  const mask = bytes.subarray(at, at + 4);
  const payload = Buffer.from(bytes.subarray(at + 4, length).map((byte, index) => byte ^ (mask[index % 4] ?? 0)));
  return { opcode: (bytes[0] ?? 0) & 0x0f, payload, length };
}

const kubeconfigOf = (server: string): string =>
  JSON.stringify({
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'test' },
    clusters: [{ name: 'test', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'test', user: {} }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test', namespace: 'demo' } }],
  });
