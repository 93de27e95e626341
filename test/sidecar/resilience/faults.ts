/** Every way in which a provider fails, as one row: what its network does, or what it answers. */
import type { NetworkFault } from '#test/support/fault-proxy';
import type { Fault } from '#test/support/providers/script';
import type { KeyPair } from '#test/support/self-signed';

export interface FaultRow {
  readonly name: string;
  /** In front of a provider that is sound. */
  readonly network?: NetworkFault;
  /** What the provider answers; a plain request and a stream may differ. */
  readonly plain?: Fault;
  readonly streamed?: Fault;
  /** The target is reached over TLS. */
  readonly isTls?: boolean;
  /** Only a timeout tells: those of the target. */
  readonly isSilent?: boolean;
  /** It gets no request until its credential or its policy changes, or for minutes. */
  readonly isParked?: boolean;
  /** Harms nothing: the target itself answers. */
  readonly isHarmless?: boolean;
}

const status = (
  code: number,
  more: Partial<Extract<Fault, { kind: 'status' }>> = {},
): Pick<FaultRow, 'plain' | 'streamed'> => {
  const fault: Fault = { kind: 'status', status: code, ...more };
  return { plain: fault, streamed: fault };
};

const both = (fault: Fault): Pick<FaultRow, 'plain' | 'streamed'> => ({ plain: fault, streamed: fault });

const network = (fault: NetworkFault): Pick<FaultRow, 'network'> => ({ network: fault });

/** `keyPair`: of a certificate that nobody signed. Signals: providers' documentation of errors and limits. */
export const faultRows = (keyPair: KeyPair): readonly FaultRow[] => [
  { name: 'refuses connections', ...network({ kind: 'refuse' }) },
  { name: 'resets connections at once', ...network({ kind: 'reset', afterBytes: 0 }) },
  { name: 'resets in the middle of the head', ...network({ kind: 'reset', afterBytes: 40 }) },
  { name: 'closes in the middle of the head', ...network({ kind: 'limit', bytes: 40 }) },
  { name: 'closes in the middle of the answer', ...network({ kind: 'limit', bytes: 420 }) },
  { name: 'resets in the middle of the answer', ...network({ kind: 'reset', afterBytes: 420 }) },
  { name: 'takes connections and stays silent', ...network({ kind: 'half-open' }), isSilent: true },
  { name: 'answers what is no HTTP', ...network({ kind: 'garbage' }) },
  { name: 'refuses the handshake', ...network({ kind: 'tls-alert' }), isTls: true },
  { name: 'shows a certificate that nobody signed', ...network({ kind: 'wrong-certificate', keyPair }), isTls: true },
  { name: 'answers late', ...network({ kind: 'latency', ms: 15 }), isHarmless: true },
  { name: 'answers slowly', ...network({ kind: 'bandwidth', bytesPerSecond: 50_000 }), isHarmless: true },
  { name: 'answers in pieces of 7 bytes', ...network({ kind: 'slice', bytes: 7 }), isHarmless: true },
  { name: 'takes requests and stays silent', ...both({ kind: 'hang' }), isSilent: true },
  { name: 'answers 500', ...status(500) },
  { name: 'answers 502', ...status(502) },
  { name: 'answers 503', ...status(503) },
  { name: 'is overloaded (529)', ...status(529) },
  { name: 'answers 408', ...status(408) },
  { name: 'limits the rate without a hint', ...status(429) },
  { name: 'limits the rate for 20 ms', ...status(429, { headers: { 'retry-after-ms': '20' } }) },
  { name: 'limits the rate for a minute', ...status(429, { headers: { 'retry-after': '60' } }) },
  {
    name: 'has no quota left (429)',
    ...status(429, { code: 'insufficient_quota', type: 'insufficient_quota' }),
    isParked: true,
  },
  { name: 'has no money left (402)', ...status(402), isParked: true },
  { name: 'refuses the credential (401)', ...status(401), isParked: true },
  { name: 'forbids (403)', ...status(403), isParked: true },
  { name: 'answers a web page under 200', ...both({ kind: 'html' }) },
  { name: 'answers half a document under 200', ...both({ kind: 'half-json' }) },
  {
    name: 'reports an error under 200 before the first content',
    plain: { kind: 'half-json' },
    streamed: { kind: 'error-in-stream', afterEvents: 1 },
  },
  {
    name: 'cuts its answers',
    plain: { kind: 'cut', afterEvents: 0 },
    streamed: { kind: 'cut', afterEvents: 2 },
  },
];
