/** kill -9 of sidecar and operator under load, again and again: the provider's own book is the judge of rows and of money. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UsageRow } from '#contract/history/usage-row';
import { API_GROUP_VERSION } from '#contract/names/api';
import { openHistory } from '#history/histories';
import { allRows } from '#test/history/history-suite';
import { eventually } from '#test/operator/eventually';
import type { World } from '#test/operator/world';
import { countOf } from '#test/support/counts';
import type { FakeRequest } from '#test/support/providers/fake-provider';
import type { Book } from '#treasury/book';
import { decodeBook } from '#treasury/book-codec';
import { MAX_TOKENS, underLoad } from './load.ts';
import { type RealPlane, realPlane } from './real-plane.ts';

const CYCLES = countOf('killCycles');
const SEED = 20261122;
/** Of `real-plane.ts`, in nano-dollars per token. */
const PRICE = { input: 2_500n, output: 10_000n };
const USAGE = { inputTokens: 20 };

/** Park and Miller, so that a failing run can be made again. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

const questionOf = ({ body }: FakeRequest): string => {
  const [message] = (body?.messages ?? []) as readonly { readonly content: string }[];
  return message?.content ?? '';
};

/** By the number of the question, so that everybody can tell what it costs. */
const outputOf = (question: string): number => 1 + ((Number(question.split(' ')[1]) * 379) % MAX_TOKENS);

const costOf = (question: string): bigint =>
  BigInt(USAGE.inputTokens) * PRICE.input + BigInt(outputOf(question)) * PRICE.output;

async function killAndReturn(plane: RealPlane, random: (below: number) => number): Promise<void> {
  for (let cycle = 0; cycle < CYCLES; cycle++) {
    const until = plane.provider.book.calls + 1 + random(60);
    await eventually('answers of the provider', () => plane.provider.book.calls >= until);
    plane.sidecar.kill('SIGKILL');
    await plane.sidecar.ended;
    await plane.startSidecar();
    const operatorAt = plane.provider.book.calls + 1 + random(60);
    await eventually('answers of the provider', () => plane.provider.book.calls >= operatorAt);
    plane.operator.child.kill('SIGKILL');
    await plane.operator.ended;
    await plane.startOperator();
  }
}

test(`${CYCLES} kills of the sidecar and of the operator under load lose no row, double none, and no book falls below the provider's`, async (t) => {
  const plane = await realPlane(t, [{ name: 'all', usd: '1000', every: 'Month' }]);
  if (plane === undefined) return;
  const { provider, world } = plane;
  t.diagnostic(`seed ${SEED}`);
  provider.respondWith((request) => ({ usage: { ...USAGE, outputTokens: outputOf(questionOf(request)) } }));
  await underLoad(plane.url, () => killAndReturn(plane, randomOf(SEED)));

  plane.sidecar.kill('SIGTERM');
  assert.equal(await plane.sidecar.ended, 0);
  const settled = await eventually('nothing is held any more', () => settledWhenIdle(world)).catch(async (error) => {
    const links = plane.sidecar.lines.filter(({ msg }) => msg?.endsWith('to the operator'));
    const books = JSON.stringify(await booksOf(world), (_key, value) =>
      typeof value === 'bigint' ? `${value}` : value,
    );
    throw new Error(`${error}\n${books}\n${JSON.stringify(links.slice(-3))}\n${plane.operator.output()}`);
  });
  plane.operator.child.kill('SIGTERM');
  assert.equal(await plane.operator.ended, 0, plane.operator.output());

  const history = openHistory(`sqlite:${plane.historyFile}`);
  t.after(() => history.close());
  const rows = await allRows(history);
  const paid = assertRows(rows, provider.requests.map(questionOf));
  assert.equal(settled, paid, 'the book does not say what the rows say');
  t.diagnostic(`${provider.requests.length} calls, ${rows.length} rows, ${paid} nano-dollars in rows and in the book`);
});

async function booksOf(world: World): Promise<readonly Book[]> {
  const path = `/apis/${API_GROUP_VERSION}/namespaces/${world.namespace}/aibudgetledgers`;
  const { body } = await world.server.request({ path });
  const { items } = body as { readonly items: readonly { readonly spec: { readonly book: string } }[] };
  return items.map(({ spec }) => decodeBook(spec.book));
}

/** What the books say once no grant is open; undefined before. */
async function settledWhenIdle(world: World): Promise<bigint | undefined> {
  const books = await booksOf(world);
  if (books.length === 0 || books.some(({ grants }) => Object.keys(grants).length > 0)) return undefined;
  return books.reduce((sum, book) => sum + book.settled + book.overrun, 0n);
}

/** Returns what the rows say was paid. */
function assertRows(rows: readonly UsageRow[], calls: readonly string[]): bigint {
  const bySession = Map.groupBy(rows, ({ session }) => session);
  assert.equal(new Set(calls).size, calls.length, 'a request was sent to the provider twice');
  for (const question of calls) {
    const [row, ...more] = bySession.get(question) ?? [];
    assert.ok(row, `the row of ${question} is lost`);
    assert.equal(more.length, 0, `the row of ${question} is doubled`);
    assert.ok(
      (row.costNanoUsd ?? 0n) >= costOf(question),
      `${question} costs ${costOf(question)}, its row says ${row.costNanoUsd}`,
    );
    if (row.billing === 'reported') assert.equal(row.costNanoUsd, costOf(question));
  }
  const sent = new Set(calls);
  for (const row of rows)
    if (!sent.has(row.session)) assert.ok(row.billing === 'nothing' || row.billing === 'possibly_billed', row.session);
  return rows.reduce((sum, { costNanoUsd }) => sum + (costNanoUsd ?? 0n), 0n);
}
