/** Binds a server and says where, or why not in a sentence that a human can act on. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ListenAddress } from '#sidecar/config/sidecar-config';

/** The address cannot be bound. */
export class ListenError extends Error {
  readonly address: ListenAddress;

  constructor(address: ListenAddress, cause: NodeJS.ErrnoException) {
    super(`${address.host}:${address.port} ${REASON[cause.code ?? ''] ?? `cannot be bound (${cause.code})`}.`, {
      cause,
    });
    this.name = 'ListenError';
    this.address = address;
  }
}

const REASON: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is taken by another process: stop it, or choose another port',
  EACCES: 'may not be bound by this user: choose a port above 1023',
  EADDRNOTAVAIL: 'is no address of this machine',
};

/** Rejects with ListenError. */
export function listen(server: Server, address: ListenAddress): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => reject(new ListenError(address, error));
    server.once('error', onError);
    server.listen(address.port, address.host, () => {
      server.off('error', onError);
      const bound = server.address();
      if (bound === null || typeof bound === 'string') reject(new Error('the server listens on no port'));
      else resolve(bound);
    });
  });
}
