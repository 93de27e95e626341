/** Collects the body of an answer that is not streamed, up to a bound. */
import { UpstreamFault, type UpstreamResponse } from './upstream.ts';

/** Largest whole answer that is held in memory. */
const WHOLE_ANSWER_LIMIT_BYTES = 32 * 1024 * 1024;

/** Throws UpstreamFault; `protocol` above the limit, and the exchange is ended then. */
export async function readWhole(
  response: UpstreamResponse,
  limitBytes: number = WHOLE_ANSWER_LIMIT_BYTES,
): Promise<Uint8Array> {
  let first: Uint8Array | undefined;
  let more: Uint8Array[] | undefined;
  let total = 0;
  for await (const chunk of response.body) {
    total += chunk.length;
    if (total > limitBytes) throw new UpstreamFault('protocol', true, `The answer is over ${limitBytes} bytes.`);
    if (first === undefined) first = chunk;
    else {
      more ??= [first];
      more.push(chunk);
    }
  }
  return more === undefined ? (first ?? new Uint8Array()) : Buffer.concat(more, total);
}
