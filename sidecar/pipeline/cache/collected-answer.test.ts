import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StreamEvent } from '#sidecar/canonical/stream-event';
import { NO_USAGE } from '#sidecar/canonical/usage';
import type { StreamAnswer } from '#sidecar/pipeline/attempts/answer';
import { AnswerCache } from './answer-cache.ts';
import { type Collected, collect } from './collected-answer.ts';

const LIMITS = { most: 10, bytes: 4_000, answerBytes: 3_000 };
const RAW = new Uint8Array();
const choice = 0;

const textOf = (pieces: number): StreamEvent[] =>
  Array.from({ length: pieces }, () => ({ type: 'text-delta', choice, text: 'ten chars.' }));
const END: StreamEvent[] = [
  { type: 'finish', choice, reason: 'stop' },
  { type: 'usage', usage: NO_USAGE },
  { type: 'response-end' },
];

/** Each batch is what comes at one time. */
function stream(cache: AnswerCache, ...batches: readonly (readonly StreamEvent[])[]): Collected {
  const left = [...batches];
  const source = {
    read: async () => {
      const events = left.shift();
      return events === undefined ? null : [{ events, raw: RAW }];
    },
  };
  return collect(
    { kind: 'stream', by: {}, source, each: (item: unknown) => item } as unknown as StreamAnswer,
    cache,
    true,
  );
}

async function read({ answer }: Collected, times = Number.POSITIVE_INFINITY): Promise<number> {
  let events = 0;
  assert.ok(answer.kind === 'stream');
  for (let time = 0; time < times; time++) {
    const items = await answer.source.read();
    if (items === null) break;
    events += items.flatMap((item) => item.events).length;
  }
  return events;
}

const kept = (collected: Collected): StreamEvent[] | undefined => {
  const form = collected.form();
  return form && JSON.parse(new TextDecoder().decode(form.json));
};

test('the pieces of a text are kept as one, and what passes to the client is what came', async () => {
  const collected = stream(new AnswerCache(LIMITS, () => 0), textOf(3), textOf(2), END);
  assert.equal(kept(collected), undefined, 'it is not over');
  assert.equal(await read(collected), 8);
  assert.deepEqual(kept(collected), [{ type: 'text-delta', choice, text: 'ten chars.'.repeat(5) }, ...END]);
});

test('a stream over the bound of one answer is given up, and its room with it', async () => {
  const cache = new AnswerCache(LIMITS, () => 0);
  const collected = stream(cache, textOf(200), textOf(200), END);
  assert.equal(await read(collected), 403);
  assert.equal(kept(collected), undefined);
  assert.ok(cache.take(LIMITS.bytes), 'all room is there again');
});

test('all streams that are collected have one bound, and each gives its room back however it ends', async () => {
  const cache = new AnswerCache(LIMITS, () => 0);
  const [first, second] = [stream(cache, textOf(250), END), stream(cache, textOf(250), END)];
  await read(first, 1);
  await read(second);
  assert.equal(kept(second), undefined, 'there was no room beside the first');
  await read(first);
  assert.equal(kept(first)?.length, 4);
  for (const one of [first, second]) one.leave();
  for (const one of [first, second]) one.leave();
  const third = stream(cache, textOf(250), END);
  await read(third, 1);
  third.leave();
  assert.ok(cache.take(LIMITS.bytes));
});

test('what has several choices, or no end of its own, is not kept', async () => {
  const cache = new AnswerCache(LIMITS, () => 0);
  const other = stream(cache, textOf(1), [{ type: 'text-delta', choice: 1, text: 'b' }], END);
  const cut = stream(cache, textOf(1), [{ type: 'finish', choice, reason: 'length' }, { type: 'response-end' }]);
  const unsaid = stream(cache, textOf(1), [{ type: 'response-end' }]);
  for (const one of [other, cut, unsaid]) {
    await read(one);
    assert.equal(kept(one), undefined);
  }
});
