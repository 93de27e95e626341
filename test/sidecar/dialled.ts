/** The true upstream, which keeps a list of what it was asked for, whether that was there or not. */
import type { Upstream } from '#sidecar/upstream/upstream';
import { Upstreams } from '#sidecar/upstream/upstreams';

export function watchUpstream(): { readonly upstream: Upstream; readonly urls: readonly string[] } {
  const network = new Upstreams(Date.now);
  const urls: string[] = [];
  const send: Upstream['send'] = (request) => {
    urls.push(request.url);
    return network.send(request);
  };
  return { upstream: { send, close: () => network.close() }, urls };
}
