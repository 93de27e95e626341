/** An upstream whose answers are read up to a bound and not further. */
import { type Upstream, UpstreamFault, type UpstreamResponse } from '#sidecar/upstream/upstream';

export const boundedUpstream = (upstream: Upstream, limitBytes: number): Upstream => ({
  send: async (request) => {
    const response = await upstream.send(request);
    return { ...response, body: upTo(limitBytes, response.body) };
  },
  close: () => upstream.close(),
});

async function* upTo(limitBytes: number, body: UpstreamResponse['body']): AsyncGenerator<Uint8Array> {
  let total = 0;
  for await (const chunk of body) {
    total += chunk.length;
    if (total > limitBytes) throw new UpstreamFault('protocol', true, `The answer is over ${limitBytes} bytes.`);
    yield chunk;
  }
}
