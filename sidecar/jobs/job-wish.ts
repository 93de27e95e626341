/** What a request with the callback header asks for, and whether its route gives it. */
import { CALLBACK_FETCH, REQUEST_HEADER } from '#contract/names/headers';
import type { PolicyCallback, PolicyRoute } from '#contract/policy/policy';
import { parseAddress } from '#contract/webhook/address';
import { signingKey } from '#contract/webhook/signature';
import { RemoraError } from '#sidecar/errors/remora-error';
import type { Credentials } from '#sidecar/policy/policy-source';
import { isAllowed } from './callback-address.ts';

export interface JobWish {
  readonly callback: PolicyCallback;
  /** Where the result is posted; null: nowhere. */
  readonly address: string | null;
}

/** Until somebody may have mended the Secret, in milliseconds. */
const NO_KEY_RETRY_MS = 10_000;

/** Throws `invalid_request`, `callback_not_allowed` or `callback_unavailable`. */
export function wishOf(header: string | string[] | undefined, route: PolicyRoute, credentials: Credentials): JobWish {
  const { callback, key } = route;
  const address = addressOf(header);
  if (callback === undefined) throw notAllowed(key, 'takes no callbacks', 'State callback in the AIRoute');
  if (address === null) return { callback, address };
  if (!isAllowed(address, callback.allow))
    throw notAllowed(key, 'does not allow this callback address', 'Have it added to callback.allow of the AIRoute');
  if (keyOf(callback, credentials) === undefined) throw noKey(key);
  return { callback, address };
}

/** undefined: the Secret has none, or one that is too short. */
export function keyOf({ signingKey: name }: PolicyCallback, credentials: Credentials): Uint8Array | undefined {
  const secret = name === null ? undefined : credentials.get(name);
  return secret === undefined ? undefined : signingKey(secret);
}

function addressOf(header: string | string[] | undefined): string | null {
  if (header === CALLBACK_FETCH) return null;
  const address = typeof header === 'string' ? parseAddress(header) : undefined;
  if (address !== undefined) return address;
  throw new RemoraError({
    code: 'invalid_request',
    message: `${REQUEST_HEADER.callback} must be "${CALLBACK_FETCH}" or one absolute http(s) URL without user, fragment or escaped slashes and dots. Correct it.`,
    param: REQUEST_HEADER.callback,
  });
}

const notAllowed = (route: string, what: string, next: string): RemoraError =>
  new RemoraError({
    code: 'callback_not_allowed',
    message: `AIRoute ${route} ${what}. Send the request without ${REQUEST_HEADER.callback}. ${next} to change that.`,
    object: `AIRoute ${route}`,
    param: REQUEST_HEADER.callback,
  });

const noKey = (route: string): RemoraError =>
  new RemoraError({
    code: 'callback_unavailable',
    message: `There is no key of 24 bytes or more to sign the result with. Check the Secret that AIRoute ${route} names under callback.signingSecretRef, or ask with ${REQUEST_HEADER.callback}: ${CALLBACK_FETCH}.`,
    object: `AIRoute ${route}`,
    retryAfterMs: NO_KEY_RETRY_MS,
  });
