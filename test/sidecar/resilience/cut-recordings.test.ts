/**
 * What providers really sent, lost at the boundaries of its events: the client is told in the words of its API, and never sees an end
 * that the provider did not say.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { PolicyProvider } from '#contract/policy/policy';
import type { StreamEvent } from '#sidecar/canonical/stream-event';
import { sseFrames } from '#sidecar/stream/sse-frames';
import { type Upstream, UpstreamFault, type UpstreamResponse } from '#sidecar/upstream/upstream';
import type { Wire } from '#sidecar/wires/wire';
import { type RunningSidecar, startSidecar } from '#test/sidecar/start-sidecar';
import { awsFramesOf } from '#test/support/aws-frames';
import { countOf } from '#test/support/counts';
import { chatStreams, type RecordedStream, recordedStreams } from '#test/support/recorded-streams';
import { requireRecordings } from '#test/support/recordings';

const CUTS = countOf('cutsPerStream');

interface Client {
  readonly path: string;
  readonly body: object;
  /** What only a whole answer has. */
  readonly terminator: RegExp;
  /** An error in the stream, as the last thing in it. */
  readonly error: RegExp;
}

const MESSAGES = [{ role: 'user', content: 'Go on.' }];

const CLIENTS: readonly Client[] = [
  {
    path: '/v1/chat/completions',
    body: { model: 'chat', messages: MESSAGES, stream: true },
    terminator: /data: \[DONE\]/,
    error: /data: \{"error":[^\n]*\}\n\n$/,
  },
  {
    path: '/v1/messages',
    body: { model: 'chat', messages: MESSAGES, max_tokens: 4_096, stream: true },
    terminator: /event: message_stop/,
    error: /event: error\ndata: \{"type":"error"[^\n]*\}\n\n$/,
  },
  {
    path: '/v1beta/models/chat:streamGenerateContent?alt=sse',
    body: { contents: [{ role: 'user', parts: [{ text: 'Go on.' }] }] },
    terminator: /"finishReason":/,
    error: /data: \{"error":[^\n]*\}\n\n$/,
  },
  {
    path: '/v1/responses',
    body: { model: 'chat', input: 'Go on.', stream: true, store: false },
    terminator: /event: response\.(completed|incomplete)/,
    error: /event: (error|response\.failed)\ndata: [^\n]*\n\n$/,
  },
];

interface Recorded {
  readonly name: string;
  readonly wire: Wire;
  readonly provider: Partial<PolicyProvider> & Pick<PolicyProvider, 'type'>;
  readonly contentType: string;
  readonly frames: readonly Uint8Array[];
  /** Default: all in turn. */
  readonly client?: Client;
}

const SSE_FRAME = /.*?\n\n/gs;
const sseFramesOf = (bytes: Buffer): Uint8Array[] =>
  (bytes.toString().match(SSE_FRAME) ?? []).map((frame) => Buffer.from(frame));

const adapters = new Map(chatStreams().map(({ name, adapter }) => [name, adapter]));

/** Of which provider it is, and how it comes; an API that is not ours is left out. */
function recordedOf({ name, wire, lines, bytes }: RecordedStream): Recorded[] {
  if (wire === undefined) return [];
  if (wire.framing !== sseFrames)
    return [
      {
        name,
        wire,
        provider: { type: 'Bedrock', aws: { region: 'us-east-1' } },
        contentType: 'application/vnd.amazon.eventstream',
        frames: awsFramesOf(lines),
      },
    ];
  const adapter = adapters.get(name);
  const stream = { name, wire, contentType: 'text/event-stream', frames: sseFramesOf(bytes) };
  // A provider of Responses is asked in its words by clients of Responses alone.
  if (adapter === undefined) return [{ ...stream, provider: { type: 'OpenAI' }, client: CLIENTS.at(-1) as Client }];
  const isAzure = adapter.type === 'AzureOpenAI';
  return [{ ...stream, provider: { type: isAzure ? 'OpenAI' : adapter.type } }];
}

/** The first so many frames, and then the connection is lost: closed, or reset. */
class CutUpstream implements Upstream {
  frames: readonly Uint8Array[] = [];
  contentType = '';
  isReset = false;

  async send(): Promise<UpstreamResponse> {
    return { status: 200, headers: { 'content-type': this.contentType }, body: this.#body() };
  }

  async *#body(): AsyncGenerator<Uint8Array> {
    yield* this.frames;
    if (this.isReset) throw new UpstreamFault('reset', true, 'The connection was reset.');
  }

  async close(): Promise<void> {}
}

async function start(t: TestContext, provider: Recorded['provider']) {
  const upstream = new CutUpstream();
  const running = await startSidecar(t, {
    policy: {
      providers: { p: { ...provider, endpoint: 'http://127.0.0.1:1' } },
      routes: [{ targets: [{ provider: 'p', maxRetries: 0 }] }],
    },
    deps: { upstream },
  });
  return { upstream, running };
}

async function ask({ url }: RunningSidecar, { path, body }: Client): Promise<{ status: number; text: string }> {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, text: await response.text() };
}

async function eventsOf(wire: Wire, frames: readonly Uint8Array[]): Promise<StreamEvent[]> {
  if (wire.framing === undefined || wire.streamDecoder === undefined) return [];
  const reader = await wire.framing();
  let state = wire.streamDecoder.start();
  const events: StreamEvent[] = [];
  for (const frame of frames)
    for (const read of reader.push(frame))
      for (const event of read.events) {
        const [next, decoded] = wire.streamDecoder.step(state, event);
        state = next;
        events.push(...decoded);
      }
  return events;
}

/** Evenly over all boundaries, the first and the last among them. */
function boundaries(count: number): number[] {
  const steps = Math.min(CUTS, count);
  return [...new Set(Array.from({ length: steps }, (_, step) => 1 + Math.floor((step * (count - 1)) / steps)))];
}

const isSaidWhole = (events: readonly StreamEvent[]): boolean => events.some(({ type }) => type === 'finish');

test('a recorded stream that is lost at any boundary of its events ends in an error of the client API, and never as if it were whole', async (t) => {
  if (!requireRecordings(t)) return;
  const recorded = recordedStreams().flatMap(recordedOf);
  const sidecars = new Map<string, Awaited<ReturnType<typeof start>>>();
  let cuts = 0;
  let told = 0;
  for (const { name, provider, wire, contentType, frames, client: only } of recorded) {
    const key = JSON.stringify(provider);
    const { upstream, running } = sidecars.get(key) ?? (await start(t, provider));
    sidecars.set(key, { upstream, running });
    for (const boundary of boundaries(frames.length)) {
      const kept = frames.slice(0, boundary);
      if (isSaidWhole(await eventsOf(wire, kept))) continue;
      const client = only ?? (CLIENTS[cuts % CLIENTS.length] as Client);
      cuts += 1;
      Object.assign(upstream, { frames: kept, contentType, isReset: cuts % 2 === 0 });
      const { status, text } = await ask(running, client);
      const where = `${name} after ${boundary} of ${frames.length} events, ${client.path}: ${status} ${text.slice(-400)}`;
      if (status === 200) {
        told += 1;
        assert.match(text, client.error, where);
        assert.doesNotMatch(text, client.terminator, where);
      } else assert.ok(status >= 500 && /"error"/.test(text), where);
    }
    assert.deepEqual(running.faults, [], name);
  }
  t.diagnostic(`${cuts} cuts of ${recorded.length} streams, ${told} of them after content`);
  assert.ok(told > recorded.length, `${told} of ${cuts}`);
});
