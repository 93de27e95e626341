/** What holds in a cell of the matrix, case by case: what the fake is scripted to say reaches the client, and what the client asks reaches the fake. */
import assert from 'node:assert/strict';
import type { FakeDialect, FakeProvider, FakeRequest } from '#test/support/providers/fake-provider';
import type { Script } from '#test/support/providers/script';
import type { Case, Exception } from './cells.ts';
import { type Ask, type Driver, eventsOf, IMAGE_BASE64, type Reading, type Wish } from './driver.ts';
import { FAKES, type Service } from './services.ts';

export interface Cell {
  readonly title: string;
  readonly name: Case;
  readonly isStreamed: boolean;
  readonly exception: Exception | undefined;
  readonly driver: Driver;
  readonly service: Service;
  readonly fake: FakeProvider;
  readonly kind: FakeDialect;
  readonly url: string;
}

type Check = (cell: Cell) => Promise<void>;

const TEXT = 'Grüße, Ada: 21 degrees at noon.';
const THOUGHTS = 'Let me see.';
const USAGE = { inputTokens: 12, outputTokens: 7 };
/** Ids that every service would give. */
const CALLS = [
  { id: 'gSIMJiOkT', name: 'weather', arguments: '{"city":"Köln"}' },
  { id: 'aB3dE6gH9', name: 'weather', arguments: '{"city":"Oslo"}' },
];
/** Some words of the text have left by then, and some have not. */
const AFTER_WORDS = 4;

interface Answer {
  readonly status: number;
  /** What was left out of the request on its way. */
  readonly dropped: string | null;
  readonly reading: Reading;
  readonly body: string;
}

async function ask({ driver, kind, isStreamed, url }: Cell, wish: Wish, more: Partial<Ask> = {}): Promise<Answer> {
  const { path, body } = driver.request({ model: kind, wish, isStreamed, ...more });
  const response = await fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const { status } = response;
  const text = await response.text();
  const isEvents = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
  if (status === 200) assert.equal(isEvents, isStreamed, text);
  const reading = isEvents ? driver.readStream(eventsOf(text)) : driver.readPlain(text);
  return { status, dropped: response.headers.get('x-remora-dropped'), reading, body: text };
}

/** An answer that says all that was scripted. */
async function askWell(cell: Cell, wish: Wish, script: Script, later?: readonly unknown[]): Promise<Reading> {
  cell.fake.respondWith({ usage: USAGE, ...script });
  const { status, dropped, reading, body } = await ask(cell, wish, later === undefined ? {} : { later });
  assert.equal(status, 200, body);
  const lost = wish === 'thinking' ? (FAKES[cell.kind].loses ?? []) : [];
  for (const path of dropped?.split(', ') ?? [])
    assert.ok(
      lost.some((known) => known.test(path)),
      `dropped: ${path}`,
    );
  assert.equal(reading.error, undefined, body);
  assert.deepEqual(reading.usage, { input: USAGE.inputTokens, output: USAGE.outputTokens }, body);
  return reading;
}

/** As the upstream reads it: JSON within JSON as well. */
const sentTo = ({ fake }: Cell): string => lastOf(fake)?.rawBody.replaceAll('\\', '') ?? '';
const lastOf = (fake: FakeProvider): FakeRequest | undefined => fake.requests.at(-1);

const argumentsOf = ({ calls }: Reading) => calls.map(({ name, arguments: given }) => [name, given]);
const scripted = (calls: typeof CALLS) => calls.map(({ name, arguments: text }) => [name, JSON.parse(text)]);

async function text(cell: Cell): Promise<void> {
  const reading = await askWell(cell, 'text', { text: TEXT });
  assert.deepEqual([reading.text, reading.finish], [TEXT, 'stop']);
}

/** Called, answered, and gone on with. */
async function callTools(cell: Cell, calls: typeof CALLS): Promise<void> {
  const reading = await askWell(cell, 'tools', { toolCalls: calls });
  assert.ok(sentTo(cell).includes('Weather of a city'), sentTo(cell));
  assert.deepEqual([argumentsOf(reading), reading.finish], [scripted(calls), 'tool-calls']);
  const ids = reading.calls.map(({ id }) => id).filter((id) => id !== '');
  assert.ok(ids.length === 0 || new Set(ids).size === calls.length, `ids of ${calls.length} calls: ${ids}`);
  const results = cell.driver.toolResults(reading.calls, 'rainy');
  const second = await askWell(cell, 'tools', { text: TEXT }, [...reading.turn, ...results]);
  assert.deepEqual([second.text, second.finish], [TEXT, 'stop']);
  assert.equal(sentTo(cell).split('rainy').length - 1, calls.length, sentTo(cell));
  for (const { arguments: given } of calls) assert.ok(sentTo(cell).includes(given.slice(1, -1)), sentTo(cell));
}

async function thinking(cell: Cell): Promise<void> {
  const calls = CALLS.slice(0, 1);
  const reading = await askWell(cell, 'thinking', { reasoning: THOUGHTS, toolCalls: calls });
  assert.match(sentTo(cell), /"reasoning_effort":|"reasoning":\{|"thinking":\{|"thinkingConfig":\{/);
  assert.deepEqual([reading.reasoning, argumentsOf(reading)], [THOUGHTS, scripted(calls)]);
  const results = cell.driver.toolResults(reading.calls, 'rainy');
  const second = await askWell(cell, 'thinking', { text: TEXT }, [...reading.turn, ...results]);
  assert.equal(second.text, TEXT);
  const { proof } = FAKES[cell.kind];
  if (proof !== undefined) assert.ok(sentTo(cell).includes(proof), `no proof in ${sentTo(cell)}`);
  if (cell.service.takesThoughts === true) assert.ok(sentTo(cell).includes(THOUGHTS), `no thoughts in ${sentTo(cell)}`);
}

async function image(cell: Cell): Promise<void> {
  const reading = await askWell(cell, 'image', { text: TEXT });
  assert.equal(reading.text, TEXT);
  assert.ok(sentTo(cell).includes(IMAGE_BASE64), sentTo(cell));
}

async function schema(cell: Cell): Promise<void> {
  const json = '{"matrix_degrees":21}';
  const reading = await askWell(cell, 'schema', { text: json });
  assert.equal(reading.text, json);
  assert.match(sentTo(cell), /"matrix_degrees":\{"type":"number"/i);
}

async function refusal(cell: Cell): Promise<void> {
  const reading = await askWell(cell, 'text', { text: 'I', finishReason: FAKES[cell.kind].refusal });
  assert.equal(reading.finish, 'refused');
}

/** Another target answers for one that broke before its first word. */
async function answeredByNext(cell: Cell, script: Script): Promise<void> {
  cell.fake.respondWith({ text: TEXT, ...script });
  const { status, reading, body } = await ask(cell, 'text', { model: `${cell.kind}-safe` });
  assert.equal(status, 200, body);
  assert.match(reading.text, /^Mock answer from next\/any/, body);
  assert.equal(reading.finish, 'stop');
}

/** What was said stays said; an error follows it, and nothing that looks like success. */
async function endsInError(cell: Cell, script: Script): Promise<void> {
  cell.fake.respondWith({ text: TEXT, ...script });
  const { status, reading, body } = await ask(cell, 'text');
  assert.ok(cell.isStreamed ? status === 200 : status >= 500, `${status} ${body}`);
  assert.ok(reading.error, body);
  assert.equal(reading.finish, undefined, body);
  if (cell.isStreamed) assert.ok(reading.text !== '' && TEXT.startsWith(reading.text), body);
}

const headOf = ({ kind }: Cell): number => FAKES[kind].head;

async function errorIn200(cell: Cell): Promise<void> {
  await answeredByNext(cell, { fault: { kind: 'error-in-stream', afterEvents: headOf(cell) } });
  await endsInError(cell, { fault: { kind: 'error-in-stream', afterEvents: headOf(cell) + AFTER_WORDS } });
}

async function cut(cell: Cell): Promise<void> {
  await answeredByNext(cell, { fault: { kind: 'cut', afterEvents: headOf(cell) } });
  await endsInError(cell, { fault: { kind: 'cut', afterEvents: headOf(cell) + AFTER_WORDS } });
}

const WISH: Readonly<Record<Case, Wish>> = {
  text: 'text',
  tools: 'tools',
  'parallel tools': 'tools',
  thinking: 'thinking',
  image: 'image',
  schema: 'schema',
  refusal: 'text',
  'error in 200': 'text',
  cut: 'text',
};

async function refused(cell: Cell): Promise<void> {
  const before = cell.fake.requests.length;
  const { status, reading, body } = await ask(cell, WISH[cell.name]);
  assert.equal(status, 400, body);
  assert.ok(reading.error, body);
  const { error }: { readonly error: { readonly remora: { readonly code: string } } } = JSON.parse(body);
  assert.equal(error.remora.code, 'unsupported_parameter');
  assert.equal(cell.fake.requests.length, before, 'nothing is sent');
}

/** A case without a check does not compile. */
export const CHECKS: Readonly<Record<Case | 'refused', Check>> = {
  text,
  tools: (cell) => callTools(cell, CALLS.slice(0, 1)),
  'parallel tools': (cell) => callTools(cell, CALLS),
  thinking,
  image,
  schema,
  refusal,
  'error in 200': errorIn200,
  cut,
  refused,
};
