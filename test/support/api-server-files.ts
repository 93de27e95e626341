/** The files that a kube-apiserver for tests reads: a serving certificate of a CA of its own, the key that signs ServiceAccount tokens, the admin's token. */
import 'reflect-metadata';
import { generateKeyPairSync, randomBytes, webcrypto } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;

interface Trust {
  readonly caPem: string;
  readonly adminToken: string;
}

const keyPair = () => webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);

async function keyPem(key: webcrypto.CryptoKey): Promise<string> {
  return PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}

/** Writes everything into `folder` and gives what a client needs. */
export async function writeTrust(folder: string): Promise<Trust> {
  const validity = { notBefore: new Date(Date.now() - DAY_MS), notAfter: new Date(Date.now() + DAY_MS) };
  const [caKeys, keys] = await Promise.all([keyPair(), keyPair()]);
  const ca = await X509CertificateGenerator.createSelfSigned({
    ...validity,
    name: 'CN=test-ca',
    keys: caKeys,
    signingAlgorithm: ALGORITHM,
    extensions: [new BasicConstraintsExtension(true, 0, true), new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true)],
  });
  const serving = await X509CertificateGenerator.create({
    ...validity,
    subject: 'CN=kube-apiserver',
    issuer: ca.subject,
    publicKey: keys.publicKey,
    signingKey: caKeys.privateKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new SubjectAlternativeNameExtension([
        { type: 'ip', value: '127.0.0.1' },
        { type: 'dns', value: 'localhost' },
      ]),
    ],
  });
  const adminToken = randomBytes(24).toString('hex');
  const signing = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const caPem = ca.toString('pem');
  const files = {
    'serving.crt': serving.toString('pem'),
    'serving.key': await keyPem(keys.privateKey),
    'service-account.key': signing.privateKey.export({ type: 'pkcs8', format: 'pem' }),
    'service-account.pub': signing.publicKey.export({ type: 'spki', format: 'pem' }),
    'tokens.csv': `${adminToken},test-admin,test-admin,"system:masters"\n`,
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o600 });
  return { caPem, adminToken };
}
