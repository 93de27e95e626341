/** Providers inside the process that answer when a test says so, and tell what became of each exchange. */
import { type Upstream, UpstreamFault, type UpstreamRequest, type UpstreamResponse } from '#sidecar/upstream/upstream';

const event = (delta: object, finish: string | null = null): string =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
const USAGE = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };

/** One exchange, as Chat Completions. */
export class HeldExchange {
  /** Of the provider, as its URL says. */
  readonly host: string;
  readonly #request: UpstreamRequest;
  readonly #head = Promise.withResolvers<UpstreamResponse>();
  readonly #chunks: Uint8Array[] = [];
  #wake = Promise.withResolvers<void>();
  #isEnded = false;
  #fault: UpstreamFault | undefined;

  constructor(request: UpstreamRequest) {
    this.host = new URL(request.url).hostname;
    this.#request = request;
    request.signal.addEventListener('abort', () => this.#fail('aborted'));
    if (request.signal.aborted) this.#fail('aborted');
  }

  get response(): Promise<UpstreamResponse> {
    return this.#head.promise;
  }

  get isAborted(): boolean {
    return this.#request.signal.aborted;
  }

  /** Neither answered to its end, nor failed, nor ended by the sidecar. */
  get isUnderWay(): boolean {
    return !this.#isEnded && this.#fault === undefined;
  }

  /** A whole answer, or a whole stream. */
  answer(text: string): void {
    if (JSON.parse(Buffer.from(this.#request.body).toString()).stream !== true) {
      const message = { role: 'assistant', content: text };
      const choices = [{ index: 0, message, finish_reason: 'stop' }];
      this.#end(200, { id: 'c', object: 'chat.completion', created: 1, model: 'm', choices, usage: USAGE });
      return;
    }
    this.begin();
    this.say(text);
    this.finish();
  }

  /** Of a stream: its head, and an event without content. */
  begin(): void {
    this.#open(200, 'text/event-stream');
    this.#push(event({ role: 'assistant', content: '' }));
  }

  say(text: string): void {
    this.#push(event({ content: text }));
  }

  finish(): void {
    this.#push(event({}, 'stop'));
    this.#push(`data: ${JSON.stringify({ id: 'c', choices: [], usage: USAGE })}\n\ndata: [DONE]\n\n`);
    this.#isEnded = true;
    this.#wake.resolve();
  }

  refuse(status: number): void {
    this.#end(status, { error: { message: `It is ${status}.`, type: 'x' } });
  }

  reset(): void {
    this.#fail('reset');
  }

  #end(status: number, body: object): void {
    this.#open(status, 'application/json');
    this.#push(JSON.stringify(body));
    this.#isEnded = true;
    this.#wake.resolve();
  }

  #open(status: number, type: string): void {
    this.#head.resolve({ status, headers: { 'content-type': type }, body: this.#body() });
  }

  #push(text: string): void {
    this.#chunks.push(Buffer.from(text));
    this.#wake.resolve();
  }

  #fail(kind: 'aborted' | 'reset'): void {
    if (!this.isUnderWay) return;
    const fault = new UpstreamFault(kind, true, `The exchange was ${kind}.`);
    this.#fault = fault;
    // As late as a socket may tell it: whoever must know has to wait.
    setImmediate(() => {
      this.#head.reject(fault);
      this.#wake.resolve();
    });
  }

  async *#body(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) yield chunk;
      else if (this.#fault !== undefined) throw this.#fault;
      else if (this.#isEnded) return;
      else {
        await this.#wake.promise;
        this.#wake = Promise.withResolvers();
      }
    }
  }
}

export class HeldUpstream implements Upstream {
  readonly exchanges: HeldExchange[] = [];
  /** The most that were under way at one time. */
  most = 0;

  send(request: UpstreamRequest): Promise<UpstreamResponse> {
    const exchange = new HeldExchange(request);
    this.exchanges.push(exchange);
    this.most = Math.max(this.most, this.exchanges.filter(({ isUnderWay }) => isUnderWay).length);
    return exchange.response;
  }

  async close(): Promise<void> {}
}
