/** How what is posted is signed: Standard Webhooks 1.0.0, symmetric (HMAC-SHA256 over `id.timestamp.body`). */
import { createHmac } from 'node:crypto';
import { WEBHOOK_HEADER } from '#contract/names/headers';

const PREFIX = 'whsec_';
/** Of a key: "at least 24 bytes" (Standard Webhooks, signature scheme). */
const FEWEST_KEY_BYTES = 24;

/** The key that a Secret holds, `whsec_` and Base64 or the text itself; undefined when it is too short to sign with. */
export function signingKey(secret: string): Uint8Array | undefined {
  const key = secret.startsWith(PREFIX)
    ? Buffer.from(secret.slice(PREFIX.length), 'base64')
    : Buffer.from(secret, 'utf8');
  return key.length < FEWEST_KEY_BYTES ? undefined : key;
}

export interface Signed {
  /** The same for every attempt, by which a receiver knows what it has taken already. Without a full stop. */
  readonly id: string;
  /** Of this attempt. */
  readonly nowUnixMs: number;
  readonly body: Uint8Array;
}

/** The headers of one attempt. */
export function signatureHeaders(key: Uint8Array, { id, nowUnixMs, body }: Signed): Record<string, string> {
  const timestamp = String(Math.floor(nowUnixMs / 1000));
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64');
  return {
    [WEBHOOK_HEADER.id]: id,
    [WEBHOOK_HEADER.timestamp]: timestamp,
    [WEBHOOK_HEADER.signature]: `v1,${signature}`,
  };
}
