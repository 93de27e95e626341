/** Collects the body of an answer that is not streamed, up to a bound. */
import { UpstreamFault, type UpstreamResponse } from './upstream.ts';

/** Largest whole answer that is held in memory. */
const WHOLE_ANSWER_LIMIT_BYTES = 32 * 1024 * 1024;

/** A promise only where the body is still on its way. Throws UpstreamFault; `protocol` above the limit, and the exchange is ended then. */
export function readWhole(
  response: UpstreamResponse,
  limitBytes: number = WHOLE_ANSWER_LIMIT_BYTES,
): Uint8Array | Promise<Uint8Array> {
  const arrived = response.body.takeArrived?.();
  if (arrived === undefined) return collect(response.body, limitBytes);
  const whole = joined(arrived);
  if (whole.length > limitBytes) throw tooLarge(limitBytes);
  return whole;
}

async function collect(body: AsyncIterable<Uint8Array>, limitBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of body) {
    total += chunk.length;
    if (total > limitBytes) throw tooLarge(limitBytes);
    chunks.push(chunk);
  }
  return joined(chunks);
}

const joined = (chunks: readonly Uint8Array[]): Uint8Array => {
  const [only] = chunks;
  return only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks);
};

const tooLarge = (limitBytes: number): UpstreamFault =>
  new UpstreamFault('protocol', true, `The answer is over ${limitBytes} bytes.`);
