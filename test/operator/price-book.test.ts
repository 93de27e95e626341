/** The operator with a price book from outside, over a real API server. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { PRICE_BOOK } from '#contract/compile/price-book';
import { type PriceBook, priceBookVersion } from '#contract/compile/price-book-schema';
import { OPERATOR_ENV } from '#contract/names/operator-env';
import { eventually } from './eventually.ts';
import { type RunningOperator, World } from './world.ts';

const bookOf = (date: string, input: number): PriceBook => ({
  ...PRICE_BOOK,
  date,
  prices: { openai: { 'gpt-4o': { input, cachedInput: 1, output: 1 } } },
});

async function serve(t: TestContext, text: () => string): Promise<string> {
  const server = createServer((_request, response) => response.writeHead(200).end(text())).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(async () => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/prices.json`;
}

const TODAY = new Date().toISOString().slice(0, 'YYYY-MM-DD'.length);
const NOW_AND_THEN = { [OPERATOR_ENV.priceBookEvery]: '50ms' };

async function priced(world: World): Promise<void> {
  await world.secret('openai', { 'api-key': 'any' });
  await world.apply('AIProvider', 'openai', { type: 'OpenAI', auth: { secretRef: { name: 'openai' } } });
  await world.apply('AIRoute', 'chat', { targets: [{ model: 'openai/gpt-4o' }] });
}

async function sidecarOf(world: World, operator: RunningOperator, name: string) {
  const { sink } = world.sidecar(await world.pod(name), operator);
  return {
    version: () => sink.policy?.priceBook,
    input: () => sink.policy?.routes[0]?.rules[0]?.targets[0]?.price?.inputPico,
  };
}

const metricsOf = async ({ ports }: RunningOperator): Promise<string> =>
  (await fetch(`http://127.0.0.1:${ports.health}/metrics`)).text();

test('a book behind a URL reaches running sidecars; a bad one changes nothing; a restart without the URL keeps it', async (t) => {
  const world = await World.open(t);
  if (!world) return;
  await priced(world);
  let text = 'no book';
  const url = await serve(t, () => text);
  const first = await world.operator(undefined, { ...NOW_AND_THEN, [OPERATOR_ENV.priceBookUrl]: url });
  const running = await sidecarOf(world, first, 'app-1');
  await eventually('the built-in price', () => running.input() === '2500000');
  await eventually('a failure that is counted', async () =>
    /price_book_refreshes_total\{outcome="failed"\} [1-9]/.test(await metricsOf(first)),
  );
  assert.match(first.lines.join(''), /kept the price book in force/);
  await eventually('an event', async () => (await world.events('PriceBookRefused')).length > 0);
  const told = await world.events('PriceBookRefused');
  assert.deepEqual([told.length, told[0]?.regarding.kind], [1, 'Pod']);
  assert.match(told[0]?.note ?? '', /^Kept the price book .*it is not JSON/);

  const book = bookOf(TODAY, 7);
  text = JSON.stringify(book);
  await eventually('the new price', () => running.input() === '7');
  assert.equal(running.version(), priceBookVersion(book));
  const metrics = await metricsOf(first);
  assert.ok(metrics.includes(`remora_operator_price_book_info{version="${priceBookVersion(book)}"} 1`), metrics);
  assert.equal(metrics.match(/remora_operator_price_book_info\{/g)?.length, 1);

  text = JSON.stringify(bookOf('2026-01-01', 8));
  await eventually('the refusal of an older one', () =>
    first.lines.some((line) => line.includes('older than the one')),
  );
  assert.equal(running.input(), '7');
  await first.close();

  const gone = { ...NOW_AND_THEN, [OPERATOR_ENV.priceBookUrl]: 'http://127.0.0.1:1/prices.json' };
  const second = await world.operator(undefined, gone);
  const after = await sidecarOf(world, second, 'app-2');
  await eventually('a policy', () => after.version());
  assert.deepEqual([after.input(), after.version()], ['7', priceBookVersion(book)]);
});

test('a book in a ConfigMap is taken, and a change of it is too', async (t) => {
  const world = await World.open(t);
  if (!world) return;
  await priced(world);
  const write = (book: PriceBook) =>
    world.send('PATCH', `/api/v1/namespaces/${world.namespace}/configmaps/prices`, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'prices' },
      data: { 'prices.json': JSON.stringify(book) },
    });
  await write(bookOf(TODAY, 7));
  const env = { ...NOW_AND_THEN, [OPERATOR_ENV.priceBookConfigMap]: 'prices/prices.json' };
  const running = await sidecarOf(world, await world.operator(undefined, env), 'app-1');
  await eventually('the price of the ConfigMap', () => running.input() === '7');
  await write(bookOf(TODAY, 9));
  await eventually('its next price', () => running.input() === '9');
});
