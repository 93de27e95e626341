/** The upstream of providers that answer inside the process: plays what the Mock provider says, with the same faults a socket has. */
import { type MockAnswer, mockAnswer } from '#sidecar/providers/mock/answer';
import {
  type CancelSignal,
  type Upstream,
  UpstreamFault,
  type UpstreamRequest,
  type UpstreamResponse,
} from './upstream.ts';

/** URLs of providers inside the process: `mock://<provider>/…`. */
export const MOCK_SCHEME = 'mock:';

export class MockUpstream implements Upstream {
  readonly #now: () => number;

  /** `now` in Unix milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  async send(request: UpstreamRequest): Promise<UpstreamResponse> {
    if (request.signal.aborted) throw aborted();
    // Our own adapter wrote it, so it is a JSON object.
    const body = JSON.parse(Buffer.from(request.body).toString());
    const answer = mockAnswer({
      provider: new URL(request.url).hostname,
      model: typeof body.model === 'string' ? body.model : '',
      body,
      nowSeconds: Math.floor(this.#now() / 1000),
    });
    if (answer.ending === 'reset-before-head') throw reset();
    return { status: answer.status, headers: answer.headers, body: play(answer, request) };
  }

  async close(): Promise<void> {}
}

async function* play(answer: MockAnswer, { signal, timeouts }: UpstreamRequest): AsyncGenerator<Uint8Array> {
  for (const chunk of answer.chunks) {
    if (signal.aborted) throw aborted();
    yield chunk;
  }
  if (answer.ending === 'stall') await stall(signal, timeouts.idleMs);
  if (answer.ending === 'reset') throw reset();
}

/** Silence, which ends as it does on a socket: by an abort, or by the limit on the gap between two chunks. */
async function stall(signal: CancelSignal, idleMs: number): Promise<never> {
  const timedOut = await new Promise<boolean>((resolve) => {
    const timer = setTimeout(resolve, idleMs, true);
    const onAbort = (): void => {
      clearTimeout(timer);
      resolve(false);
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort);
  });
  throw timedOut ? new UpstreamFault('timeout', true, 'The mock fell silent.') : aborted();
}

const aborted = (): UpstreamFault => new UpstreamFault('aborted', true, 'The exchange was ended by the gateway.');
const reset = (): UpstreamFault => new UpstreamFault('reset', true, 'The mock closed the connection.');
