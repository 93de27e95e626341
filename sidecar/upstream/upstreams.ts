/** Picks the upstream by the scheme of the URL, which comes from the policy alone. */
import { MOCK_SCHEME, MockUpstream } from './mock-upstream.ts';
import { UndiciUpstream, type UndiciUpstreamOptions } from './undici-upstream.ts';
import type { Upstream, UpstreamRequest, UpstreamResponse } from './upstream.ts';

export class Upstreams implements Upstream {
  readonly #network: UndiciUpstream;
  readonly #inProcess: MockUpstream;

  constructor(now: () => number, options: UndiciUpstreamOptions = {}) {
    this.#network = new UndiciUpstream(options);
    this.#inProcess = new MockUpstream(now);
  }

  send(request: UpstreamRequest): Promise<UpstreamResponse> {
    return request.url.startsWith(MOCK_SCHEME) ? this.#inProcess.send(request) : this.#network.send(request);
  }

  async close(): Promise<void> {
    await this.#network.close();
  }
}
