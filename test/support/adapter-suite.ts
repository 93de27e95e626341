/**
 * The suite that every provider adapter passes, over the fixtures in its folder: `<case>.sse` + `<case>.events.json` (streams),
 * `<case>.json` + `<case>.response.json` (answers) and `<case>.request.json`, the golden of each client request in `test/support/requests`.
 * The streams are also cut at random, with all others: `test/providers/random-splits.test.ts`.
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import type { JsonObject } from '#sidecar/canonical/json';
import type { CanonicalRequest } from '#sidecar/canonical/request';
import { openaiChat } from '#sidecar/dialects/openai-chat/dialect';
import { RemoraError } from '#sidecar/errors/remora-error';
import type { ProviderAdapter } from '#sidecar/providers/adapter';
import { Losses } from '#sidecar/wires/losses';
import type { AnyWire, Wire } from '#sidecar/wires/wire';
import { singleBytes } from './byte-splits.ts';
import { canonicalEventsOf, decodeProviderStream, sseEventsOf } from './decode-provider-stream.ts';
import { assertGoldenJson } from './golden.ts';

export interface AdapterSuiteOptions {
  /** Folder of the fixtures. */
  readonly folder: string;
  /** The target's model in the golden requests. */
  readonly model: string;
  /** Default: the first of the adapter. */
  readonly wire?: Wire;
}

const REQUESTS = join(import.meta.dirname, 'requests');
/** What any provider may add tomorrow. */
const NOISE = ': keep-alive\n\nevent: some_future_event\ndata: {"type":"some_future_event","choices":[]}\n\n';

const caseOf = (path: string, ending: string): string => basename(path).slice(0, -ending.length);

export function adapterSuite({ type, wires }: ProviderAdapter, options: AdapterSuiteOptions): void {
  const adapter = { type, wire: options.wire ?? wires[0] };
  for (const path of globSync(join(options.folder, '*.sse')).sort()) streamTests(adapter, path);
  const answers = globSync(join(options.folder, '*.json')).filter((path) => /^[^.]+\.json$/.test(basename(path)));
  for (const path of answers.sort()) answerTest(adapter, path);
  for (const path of globSync(join(REQUESTS, '*.json')).sort()) requestTest(adapter, path, options);
}

/** One wire of an adapter. */
interface TestedWire extends Pick<ProviderAdapter, 'type'> {
  readonly wire: Wire;
}

function streamTests(adapter: TestedWire, path: string): void {
  const name = `${adapter.type} stream ${caseOf(path, '.sse')}`;
  const bytes = readFileSync(path);
  const text = bytes.toString();
  const whole = sseEventsOf([bytes]);
  const expected = canonicalEventsOf(adapter.wire, whole);
  const decode = (variant: string) => decodeProviderStream(adapter.wire, [Buffer.from(variant)]);

  test(`${name} decodes to the canonical events of its golden file`, () => {
    assertGoldenJson(path.replace(/\.sse$/, '.events.json'), expected);
  });

  test(`${name} decodes the same byte by byte, in any line ending and among comments and unknown events`, () => {
    assert.deepEqual(decodeProviderStream(adapter.wire, singleBytes(bytes)), expected);
    assert.deepEqual(decode(text.replaceAll('\n', '\r\n')), expected);
    assert.deepEqual(
      decodeProviderStream(adapter.wire, singleBytes(Buffer.from(text.replaceAll('\n', '\r\n')))),
      expected,
    );
    assert.deepEqual(decode(text.replaceAll('\n', '\r')), expected);
    assert.deepEqual(decode(`\ufeff${text}`), expected);
    assert.deepEqual(decode(NOISE + text.replaceAll('\n\n', `\n\n${NOISE}`)), expected);
  });

  test(`${name} never ends well when it is cut before its last event`, () => {
    const endsWell = expected.at(-1)?.type === 'response-end';
    for (let length = 0; length < whole.length - 1; length += 1) {
      const decoded = canonicalEventsOf(adapter.wire, whole.slice(0, length));
      assert.equal(
        decoded.some((event) => event.type === 'response-end'),
        false,
        `after ${length} events`,
      );
      assert.deepEqual(decoded, expected.slice(0, decoded.length), `after ${length} events`);
    }
    if (endsWell) assert.equal(expected.filter((event) => event.type === 'response-end').length, 1);
  });
}

function answerTest(adapter: TestedWire, path: string): void {
  test(`${adapter.type} answer ${caseOf(path, '.json')} decodes to the canonical answer of its golden file`, () => {
    const body: JsonObject = JSON.parse(readFileSync(path, 'utf8'));
    const response = adapter.wire.decodeResponse(body);
    assertGoldenJson(path.replace(/\.json$/, '.response.json'), response);
  });
}

function requestTest(adapter: TestedWire, path: string, { folder, model }: AdapterSuiteOptions): void {
  const name = caseOf(path, '.json');
  test(`${adapter.type} encodes the client request ${name} as its golden file says`, () => {
    const request = openaiChat.decodeRequest(JSON.parse(readFileSync(path, 'utf8')), {});
    assertGoldenJson(join(folder, `${name}.request.json`), encodeOrRefuse(adapter.wire, request, model));
  });
}

/** What a route that drops sends, and whether one that refuses would. */
export function encodeOrRefuse(wire: AnyWire, request: CanonicalRequest, model: string): unknown {
  const losses = new Losses(wire.name, 'Drop');
  const refused = refusalOf(() => wire.encodeRequest(request, model, new Losses(wire.name, 'Refuse')));
  return (
    refusalOf(() => wire.encodeRequest(request, model, losses)) ?? {
      body: wire.encodeRequest(request, model, new Losses(wire.name, 'Drop')),
      dropped: losses.dropped,
      ...refused,
    }
  );
}

function refusalOf(encode: () => unknown): { refused: string; param: string | undefined } | undefined {
  try {
    encode();
    return undefined;
  } catch (error) {
    if (!(error instanceof RemoraError)) throw error;
    return { refused: error.code, param: error.details.param };
  }
}
