/** Collects the body of an answer that is not streamed, up to a bound. */
import { UpstreamFault, type UpstreamResponse } from './upstream.ts';

/** Largest whole answer that is held in memory. */
const WHOLE_ANSWER_LIMIT_BYTES = 32 * 1024 * 1024;
/** From here on an answer goes to its place as it arrives, where its length is declared: joined in the end it would hold up everybody. */
const PLACED_BYTES = 1024 * 1024;

/** A promise only where the body is still on its way. Throws UpstreamFault; `protocol` above the limit, and the exchange is ended then. */
export function readWhole(
  response: UpstreamResponse,
  limitBytes: number = WHOLE_ANSWER_LIMIT_BYTES,
): Uint8Array | Promise<Uint8Array> {
  const arrived = response.body.takeArrived?.();
  if (arrived === undefined) return collect(response, limitBytes);
  const whole = joined(arrived);
  if (whole.length > limitBytes) throw tooLarge(limitBytes);
  return whole;
}

async function collect({ body, headers }: UpstreamResponse, limitBytes: number): Promise<Uint8Array> {
  const declared = Number(headers['content-length'] ?? 0);
  if (declared > PLACED_BYTES && declared <= limitBytes) return place(body, declared);
  const chunks: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of body) {
    total += chunk.length;
    if (total > limitBytes) throw tooLarge(limitBytes);
    chunks.push(chunk);
  }
  return joined(chunks);
}

/** The connection holds the sender to the length that it declares. */
async function place(body: AsyncIterable<Uint8Array>, declared: number): Promise<Uint8Array> {
  const whole = Buffer.allocUnsafeSlow(declared);
  let total = 0;
  for await (const chunk of body) {
    if (total + chunk.length > declared) throw tooLarge(declared);
    whole.set(chunk, total);
    total += chunk.length;
  }
  return whole.subarray(0, total);
}

const joined = (chunks: readonly Uint8Array[]): Uint8Array => {
  const [only] = chunks;
  return only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks);
};

const tooLarge = (limitBytes: number): UpstreamFault =>
  new UpstreamFault('protocol', true, `The answer is over ${limitBytes} bytes.`);
