/**
 * A TCP proxy before a server that does to connections what networks do, one kind at a time. It knows no HTTP: bytes of the answer
 * are counted from the beginning of the connection, so that a fault falls where it falls.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { Transform, type TransformCallback } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { TLSSocket } from 'node:tls';
import type { KeyPair } from './self-signed.ts';

export type NetworkFault =
  | { readonly kind: 'none' }
  /** Nobody listens on the port. */
  | { readonly kind: 'refuse' }
  /** RST once this many bytes of the answer have passed; 0: with the first byte of the request. */
  | { readonly kind: 'reset'; readonly afterBytes: number }
  /** Takes the connection and all that is sent, and stays silent. */
  | { readonly kind: 'half-open' }
  /** Each piece of the answer comes so much later. */
  | { readonly kind: 'latency'; readonly ms: number }
  | { readonly kind: 'bandwidth'; readonly bytesPerSecond: number }
  /** The answer comes in pieces of this many bytes, each in a packet of its own as far as the kernel lets it. */
  | { readonly kind: 'slice'; readonly bytes: number }
  /** Properly closed once this many bytes of the answer have passed. */
  | { readonly kind: 'limit'; readonly bytes: number }
  /** Answers what is no HTTP. */
  | { readonly kind: 'garbage' }
  /** Answers a ClientHello with a fatal handshake_failure (RFC 8446, section 6.2). */
  | { readonly kind: 'tls-alert' }
  /** Speaks TLS with this certificate, which nobody signed. */
  | { readonly kind: 'wrong-certificate'; readonly keyPair: KeyPair };

export interface FaultProxy {
  readonly port: number;
  /** How many connections came, under whatever fault. */
  readonly connections: number;
  /** For connections from now on; those that stand are cut. Resolves when the port is as the fault says. */
  set(fault: NetworkFault): Promise<void>;
  close(): Promise<void>;
}

/** `target` is the port on loopback of the server behind it. */
export async function startFaultProxy(target: number, fault: NetworkFault = { kind: 'none' }): Promise<FaultProxy> {
  const proxy = new TcpProxy(target);
  await proxy.listen(0);
  await proxy.set(fault);
  return proxy;
}

class TcpProxy implements FaultProxy {
  port = 0;
  connections = 0;
  readonly #target: number;
  readonly #open = new Set<Socket>();
  #fault: NetworkFault = { kind: 'none' };
  #server: Server | undefined;

  constructor(target: number) {
    this.#target = target;
  }

  async listen(port: number): Promise<void> {
    const server = createServer({ noDelay: true }, (client) => this.#accept(client));
    this.#server = server;
    await once(server.listen(port, '127.0.0.1'), 'listening');
    this.port = (server.address() as AddressInfo).port;
  }

  async set(fault: NetworkFault): Promise<void> {
    this.#fault = fault;
    for (const socket of this.#open) socket.destroy();
    if (fault.kind === 'refuse') await this.#unlisten();
    else if (this.#server === undefined) await this.listen(this.port);
  }

  async close(): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    await this.#unlisten();
  }

  async #unlisten(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server !== undefined) await new Promise((closed) => server.close(closed));
  }

  #accept(client: Socket): void {
    this.connections += 1;
    this.#keep(client);
    FAULTS[this.#fault.kind]({
      client,
      fault: this.#fault as never,
      dial: () => this.#keep(connect({ port: this.#target, host: '127.0.0.1', noDelay: true })),
    });
  }

  /** Its errors are what this is for. */
  #keep(socket: Socket): Socket {
    this.#open.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => this.#open.delete(socket));
    return socket;
  }
}

interface Connection<Fault> {
  readonly client: Socket;
  readonly fault: Fault;
  /** To the server behind. */
  readonly dial: () => Socket;
}

type Of<Kind extends NetworkFault['kind']> = Connection<Extract<NetworkFault, { readonly kind: Kind }>>;

const HANDSHAKE_FAILURE = Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28]);

const FAULTS: { readonly [Kind in NetworkFault['kind']]: (connection: Of<Kind>) => void } = {
  none: (connection) => forward(connection, () => new Shaper((chunk) => [chunk])),
  // Whoever came while the port was being closed.
  refuse: ({ client }) => void client.resetAndDestroy(),
  reset: (connection) => {
    const { client, fault } = connection;
    if (fault.afterBytes === 0) return void client.once('data', () => client.resetAndDestroy());
    forward(connection, () => upTo(fault.afterBytes, () => client.resetAndDestroy()));
  },
  'half-open': ({ client }) => void client.resume(),
  latency: (connection) => forward(connection, () => new Shaper((chunk) => [chunk], connection.fault.ms)),
  bandwidth: (connection) => {
    const perTick = Math.max(1, Math.floor((connection.fault.bytesPerSecond * TICK_MS) / 1_000));
    forward(connection, () => new Shaper((chunk) => piecesOf(chunk, perTick), TICK_MS));
  },
  slice: (connection) => forward(connection, () => new Shaper((chunk) => piecesOf(chunk, connection.fault.bytes))),
  limit: (connection) => forward(connection, () => upTo(connection.fault.bytes, () => connection.client.end())),
  garbage: ({ client }) => void client.once('data', () => client.end('\u0000\u0001 this is no HTTP \u00ff\r\n\r\n')),
  'tls-alert': ({ client }) => void client.once('data', () => client.end(HANDSHAKE_FAILURE)),
  'wrong-certificate': ({ client, fault }) => {
    new TLSSocket(client, { isServer: true, ...fault.keyPair }).on('error', () => {}).resume();
  },
};

const TICK_MS = 10;

function forward({ client, dial }: Pick<Connection<never>, 'client' | 'dial'>, shape: () => Transform): void {
  const server = dial();
  client.pipe(server);
  server.pipe(shape()).pipe(client);
  client.once('close', () => server.destroy());
  server.once('close', () => server.errored && client.destroy());
}

/** Passes the answer on in pieces, with a pause before each. */
class Shaper extends Transform {
  readonly #cut: (chunk: Buffer) => readonly Buffer[];
  readonly #pauseMs: number;

  constructor(cut: (chunk: Buffer) => readonly Buffer[], pauseMs = 0) {
    super();
    this.#cut = cut;
    this.#pauseMs = pauseMs;
  }

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    void this.#pass(this.#cut(chunk)).then(() => done(), done);
  }

  async #pass(pieces: readonly Buffer[]): Promise<void> {
    for (const piece of pieces) {
      // A turn of the loop at least, or pieces that follow each other leave in one write.
      if (this.#pauseMs > 0 || pieces.length > 1) await delay(this.#pauseMs);
      this.push(piece);
    }
  }
}

function piecesOf(chunk: Buffer, bytes: number): Buffer[] {
  const count = Math.ceil(chunk.length / bytes);
  return Array.from({ length: count }, (_, index) => chunk.subarray(index * bytes, (index + 1) * bytes));
}

/** Lets so many bytes through, and calls `then` in place of the next one. */
function upTo(bytes: number, then: () => void): Transform {
  let left = bytes;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (left > 0) this.push(chunk.subarray(0, left));
      if (chunk.length >= left && left >= 0) setImmediate(then);
      left -= chunk.length;
      done();
    },
  });
}
