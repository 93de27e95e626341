/** TLS 1.3 for the push server, whose certificate can be replaced while streams live: new connections see the new one. */
import { createSecureContext } from 'node:tls';
import { ServerCredentials } from '@grpc/grpc-js';

export interface ServerCertificate {
  readonly certPem: string;
  readonly keyPem: string;
}

const contextOf = ({ certPem, keyPem }: ServerCertificate) =>
  ({ cert: certPem, key: keyPem, minVersion: 'TLSv1.3' }) as const;

export class ReplaceableCredentials extends ServerCredentials {
  constructor(certificate: ServerCertificate) {
    super({}, contextOf(certificate));
  }

  /** Throws when key and certificate do not belong together; the present certificate then stays. */
  replace(certificate: ServerCertificate): void {
    const context = contextOf(certificate);
    createSecureContext(context);
    this.updateSecureContextOptions(context);
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}
