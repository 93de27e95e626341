/** A certificate of its own, since the API server takes no caBundle that holds none. */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { X509CertificateGenerator } from '@peculiar/x509';

/** Base64 of PEM, as a webhook configuration carries it. */
export async function generateCaPem(): Promise<string> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=test',
    keys,
    signingAlgorithm: { ...algorithm, hash: 'SHA-256' },
  });
  return Buffer.from(certificate.toString('pem')).toString('base64');
}
