/**
 * The one certificate authority by which sidecars and the API server know the operator. It is made once per installation and
 * shared by the replicas through the store; each replica issues itself a leaf that lives in memory only.
 */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import type { AuthorityStore, KeyPair } from './certificate-authority-store.ts';

export interface Authority {
  /** What a client is given to trust. */
  readonly caPem: string;
  /** A server certificate with its own fresh key; `certPem` ends with the authority's, so that a client sees the whole chain. */
  issue(dnsNames: readonly string[], ipAddresses?: readonly string[]): Promise<KeyPair>;
}

export interface AuthorityOptions {
  readonly now?: () => number;
}

/** P-256 because some clouds refuse Ed25519 certificates of webhooks. */
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;
const LIFE_MS = 365 * DAY_MS;
/** Clocks of nodes differ; a certificate is valid a little before it was made. */
const SKEW_MS = 5 * 60_000;
const SUBJECT = 'CN=remora-authority';

/** Reads the authority, or makes it; when two replicas make one at once, both use the one that was stored first. */
export async function ensureAuthority(store: AuthorityStore, options: AuthorityOptions = {}): Promise<Authority> {
  const now = options.now ?? Date.now;
  const present = await store.read();
  if (present) return openAuthority(present, now);
  const made = await makeAuthority(now());
  if ((await store.create(made)) === 'created') return openAuthority(made, now);
  const first = await store.read();
  if (!first)
    throw new Error('The certificate authority exists but cannot be read: the store answers differently twice.');
  return openAuthority(first, now);
}

const generateKeys = (): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);

const life = (nowMs: number) => ({ notBefore: new Date(nowMs - SKEW_MS), notAfter: new Date(nowMs + LIFE_MS) });

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), PemConverter.PrivateKeyTag);
}

async function makeAuthority(nowMs: number): Promise<KeyPair> {
  const keys = await generateKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: SUBJECT,
    keys,
    ...life(nowMs),
    signingAlgorithm: ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certPem: certificate.toString('pem'), keyPem: await exportKey(keys.privateKey) };
}

async function openAuthority(pair: KeyPair, now: () => number): Promise<Authority> {
  const certificate = new X509Certificate(pair.certPem);
  if (certificate.notAfter.getTime() <= now())
    throw new Error(
      'The certificate authority has expired: delete its Secret and restart the operator to make a new one.',
    );
  const der = PemConverter.decodeFirst(pair.keyPem);
  const signingKey = await webcrypto.subtle.importKey('pkcs8', der, ALGORITHM, false, ['sign']);
  return {
    caPem: certificate.toString('pem'),
    issue: (dnsNames, ipAddresses = []) => issueLeaf({ certificate, signingKey }, [...dnsNames, ...ipAddresses], now()),
  };
}

async function issueLeaf(
  issuer: { readonly certificate: X509Certificate; readonly signingKey: webcrypto.CryptoKey },
  names: readonly string[],
  nowMs: number,
): Promise<KeyPair> {
  if (names.length === 0) throw new Error('A server certificate needs at least one DNS name or IP address.');
  const keys = await generateKeys();
  const { notBefore, notAfter } = life(nowMs);
  const certificate = await X509CertificateGenerator.create({
    subject: 'CN=remora-operator',
    issuer: issuer.certificate.subject,
    publicKey: keys.publicKey,
    signingKey: issuer.signingKey,
    signingAlgorithm: ALGORITHM,
    notBefore,
    notAfter: new Date(Math.min(notAfter.getTime(), issuer.certificate.notAfter.getTime())),
    extensions: await leafExtensions(keys.publicKey, issuer.certificate, names),
  });
  const chain = `${certificate.toString('pem')}\n${issuer.certificate.toString('pem')}\n`;
  return { certPem: chain, keyPem: await exportKey(keys.privateKey) };
}

async function leafExtensions(
  publicKey: webcrypto.CryptoKey,
  issuer: X509Certificate,
  names: readonly string[],
): Promise<Extension[]> {
  return [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
    new SubjectAlternativeNameExtension(
      names.map((name) => (isIP(name) === 0 ? { type: 'dns', value: name } : { type: 'ip', value: name })),
    ),
    await SubjectKeyIdentifierExtension.create(publicKey),
    await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
  ];
}
