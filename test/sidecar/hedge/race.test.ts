/** A second target beside one that is late: who is heard, what becomes of the other, and what is booked. On a clock of the test's own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RemoraError } from '#sidecar/errors/remora-error';
import { ClientGone } from '#sidecar/pipeline/scope/request-scope';
import { OpenGate } from '#test/sidecar/start-sidecar';
import { CHAT, HEDGED, hedgeStage } from './stage.ts';

const STREAM = { ...CHAT, stream: true };
const ONCE = { maxRetries: 0 };
const BOOKED_IN_FULL = { usage: undefined, billing: 'unknown' };

test('a target that answers in time is asked alone', async (t) => {
  const stage = hedgeStage(t);
  const asked = stage.ask();
  await stage.pass(499);
  stage.exchange(0).answer('in time');
  await asked.done;
  assert.equal(stage.asked(), 'first');
  assert.deepEqual(stage.attempts(), ['first ok']);
  await stage.pass(1_000);
  assert.equal(stage.asked(), 'first');
  assert.equal(stage.deadlines.size, 0);
});

test('where the first target is late the next one is asked too, and the one that answers first is heard: the second', async (t) => {
  const stage = hedgeStage(t);
  const asked = stage.ask();
  await stage.pass(500);
  assert.equal(stage.asked(), 'first second');
  stage.exchange(1).answer('from the second');
  await asked.done;
  assert.match(asked.answer()?.text ?? '', /from the second/);
  assert.equal(stage.exchange(0).isAborted, true);
  assert.deepEqual(stage.attempts(), ['first superseded', 'second ok hedge']);
  assert.equal(stage.records[0]?.answeredBy, 'second/m');
  assert.deepEqual(
    stage.open.settled.map(({ billing }) => billing),
    ['unknown', 'reported'],
  );
  assert.equal(stage.deadlines.size, 0);
});

test('or the first', async (t) => {
  const stage = hedgeStage(t);
  const asked = stage.ask();
  await stage.pass(700);
  stage.exchange(0).answer('from the first');
  await asked.done;
  assert.match(asked.answer()?.text ?? '', /from the first/);
  assert.equal(stage.exchange(1).isAborted, true);
  assert.deepEqual(stage.attempts(), ['first ok', 'second superseded hedge']);
  assert.equal(stage.open.settled.length, 2);
  assert.equal(stage.upstream.most, 2);
});

test('of a stream the first content decides, and what comes before it does not', async (t) => {
  const stage = hedgeStage(t);
  const asked = stage.ask(STREAM);
  await stage.pass(400);
  stage.exchange(0).begin();
  await stage.pass(100);
  assert.equal(stage.asked(), 'first second', 'a head is no content');
  stage.exchange(1).begin();
  stage.exchange(1).say('the second ');
  await stage.quiet();
  assert.equal(stage.exchange(0).isAborted, true, 'at once, and not when the stream is over');
  assert.deepEqual(stage.open.settled, [BOOKED_IN_FULL]);
  stage.exchange(1).say('goes on');
  stage.exchange(1).finish();
  await asked.done;
  assert.match(asked.answer()?.text ?? '', /the second .*goes on/s);
  assert.deepEqual(stage.attempts(), ['first superseded', 'second ok hedge']);
});

test('both that answer in the same moment are booked, and one is heard', async (t) => {
  const stage = hedgeStage(t);
  const asked = stage.ask();
  await stage.pass(500);
  stage.exchange(0).answer('one');
  stage.exchange(1).answer('other');
  await asked.done;
  assert.match(asked.answer()?.text ?? '', /one/);
  assert.deepEqual(stage.attempts(), ['first ok', 'second superseded hedge']);
  assert.deepEqual(
    stage.open.settled.map(({ billing }) => billing),
    ['reported', 'reported'],
  );
});

test('where the first fails the hedge is its next turn, and nobody else is asked beside it', async (t) => {
  const stage = hedgeStage(t, { ...HEDGED, targets: HEDGED.targets.map((target) => ({ ...target, maxRetries: 3 })) });
  const asked = stage.ask();
  await stage.pass(500);
  stage.exchange(0).refuse(503);
  await stage.pass(5_000);
  assert.equal(stage.asked(), 'first second');
  stage.exchange(1).answer('late');
  await asked.done;
  assert.deepEqual(stage.attempts(), ['first overloaded', 'second ok hedge']);
  assert.equal(stage.records[0]?.retries, 0);
});

test('a hedge that goes on alone is tried again as any target is', async (t) => {
  const stage = hedgeStage(t, { ...HEDGED, targets: HEDGED.targets.map((target) => ({ ...target, maxRetries: 1 })) });
  const asked = stage.ask();
  await stage.pass(500);
  stage.exchange(0).reset();
  await stage.quiet();
  stage.exchange(1).refuse(500);
  await stage.pass(200);
  assert.equal(stage.asked(), 'first second second');
  stage.exchange(2).answer('again');
  await asked.done;
  assert.deepEqual(stage.attempts(), ['first reset', 'second server-error hedge', 'second ok']);
  assert.equal(stage.records[0]?.retries, 1);
});

test('where the hedge fails the first goes on, and is not hedged a second time', async (t) => {
  const stage = hedgeStage(t);
  const asked = stage.ask();
  await stage.pass(500);
  stage.exchange(1).refuse(500);
  await stage.pass(5_000);
  assert.equal(stage.asked(), 'first second');
  assert.equal(stage.exchange(0).isAborted, false);
  stage.exchange(0).answer('slow');
  await asked.done;
  assert.deepEqual(stage.attempts(), ['first ok', 'second server-error hedge']);
  assert.equal(asked.answer()?.status, 200);
});

test('where both fail the target after them is asked, and where there is none the client is told', async (t) => {
  for (const [targets, expected] of [
    [HEDGED.targets, 'first second third'],
    [HEDGED.targets.slice(0, 2), 'first second'],
  ] as const) {
    const stage = hedgeStage(t, { ...HEDGED, targets });
    const asked = stage.ask();
    await stage.pass(500);
    stage.exchange(1).refuse(503);
    stage.exchange(0).refuse(500);
    await stage.quiet();
    assert.equal(stage.asked(), expected);
    if (targets.length === 3) stage.exchange(2).answer('third');
    await asked.done;
    assert.equal(asked.answer()?.status, targets.length === 3 ? 200 : 502);
  }
});

test('the retry of a target is hedged when it is late, and not its backoff', async (t) => {
  const stage = hedgeStage(t, { ...HEDGED, targets: HEDGED.targets.map((target) => ({ ...target, maxRetries: 1 })) });
  const asked = stage.ask();
  await stage.pass(400);
  stage.exchange(0).refuse(503);
  await stage.pass(400);
  assert.equal(stage.asked(), 'first first');
  await stage.pass(200);
  assert.equal(stage.asked(), 'first first second');
  stage.exchange(2).answer('hedge');
  await asked.done;
  assert.deepEqual(stage.attempts(), ['first overloaded', 'first superseded', 'second ok hedge']);
});

test('a request that the first refuses as invalid ends there, as without a hedge', async (t) => {
  const stage = hedgeStage(t);
  const asked = stage.ask();
  await stage.pass(500);
  stage.exchange(0).refuse(400);
  await asked.done;
  assert.equal(asked.answer()?.status, 400);
  assert.equal(stage.exchange(1).isAborted, true);
  assert.deepEqual(stage.attempts(), ['first rejected', 'second superseded hedge']);
});

test('one that the hedge alone refuses as invalid goes on with the first, and ends with it', async (t) => {
  const stage = hedgeStage(t);
  const asked = stage.ask();
  await stage.pass(500);
  stage.exchange(1).refuse(400);
  await stage.quiet();
  stage.exchange(0).refuse(503);
  await asked.done;
  assert.equal(stage.asked(), 'first second');
  assert.equal(asked.answer()?.status, 503);
});

test('a client that leaves ends both, and both are booked', async (t) => {
  const stage = hedgeStage(t);
  const asked = stage.ask(STREAM);
  await stage.pass(500);
  asked.scope.cancel(new ClientGone());
  await asked.done;
  assert.deepEqual([stage.exchange(0).isAborted, stage.exchange(1).isAborted], [true, true]);
  assert.equal(stage.records[0]?.outcome, 'client_closed');
  assert.deepEqual(stage.attempts(), ['first aborted', 'second aborted hedge']);
  assert.deepEqual(stage.open.settled, [BOOKED_IN_FULL, BOOKED_IN_FULL]);
  assert.equal(stage.deadlines.size, 0);
});

test('so does the total deadline, and the first content of each has its own', async (t) => {
  const total = hedgeStage(t, { ...HEDGED, totalMs: 2_000 });
  const asked = total.ask();
  await total.pass(2_100);
  await asked.done;
  assert.equal(asked.answer()?.status, 504);
  assert.deepEqual([total.exchange(0).isAborted, total.exchange(1).isAborted], [true, true]);

  const hasty = hedgeStage(t, {
    ...HEDGED,
    targets: HEDGED.targets.map((target) => ({ ...target, timeouts: { firstTokenMs: 1_000 } })),
  });
  const slow = hasty.ask();
  await hasty.pass(1_000);
  assert.deepEqual([hasty.exchange(0).isAborted, hasty.exchange(1).isAborted], [true, false]);
  hasty.exchange(1).answer('in its own time');
  await slow.done;
  assert.deepEqual(hasty.attempts(), ['first timeout', 'second ok hedge']);
});

/** Refuses a target as long as `isSpent`; a reservation at it waits for `held`. */
class NarrowGate extends OpenGate {
  readonly at: string;
  isSpent = false;
  held: Promise<void> | undefined;

  constructor(at: string) {
    super();
    this.at = at;
  }

  override async reserve(attempt: Parameters<OpenGate['reserve']>[0]) {
    const isMeant = attempt.target.name === this.at;
    if (isMeant) await this.held;
    if (isMeant && this.isSpent) throw new RemoraError({ code: 'budget_exceeded', message: 'Spent.' });
    return super.reserve(attempt);
  }
}

test('a hedge that the budget refuses is not made: the first goes on, and nobody sees an error', async (t) => {
  const gate = new NarrowGate('second/m');
  gate.isSpent = true;
  const stage = hedgeStage(t, HEDGED, gate);
  const asked = stage.ask();
  await stage.pass(600);
  assert.equal(stage.asked(), 'first');
  stage.exchange(0).answer('slow');
  await asked.done;
  assert.equal(asked.answer()?.status, 200);
  assert.deepEqual(stage.attempts(), ['first ok']);
});

test('its target has its turn still when the first fails and what it had reserved is free again', async (t) => {
  const gate = new NarrowGate('second/m');
  gate.isSpent = true;
  const stage = hedgeStage(t, HEDGED, gate);
  const asked = stage.ask();
  await stage.pass(600);
  gate.isSpent = false;
  stage.exchange(0).refuse(503);
  await stage.quiet();
  assert.equal(stage.asked(), 'first second');
  stage.exchange(1).answer('next');
  await asked.done;
  assert.deepEqual(stage.attempts(), ['first overloaded', 'second ok']);
});

test('a hedge that waits for its budget while the first answers is never sent, and books nothing', async (t) => {
  const gate = new NarrowGate('second/m');
  const granted = Promise.withResolvers<void>();
  gate.held = granted.promise;
  const stage = hedgeStage(t, HEDGED, gate);
  const asked = stage.ask();
  await stage.pass(600);
  stage.exchange(0).answer('slow');
  await asked.done;
  granted.resolve();
  await stage.quiet();
  assert.equal(stage.asked(), 'first');
  assert.deepEqual(
    gate.settled.map(({ billing }) => billing),
    ['reported', 'nothing'],
  );
  assert.deepEqual([stage.attempts(), stage.faults], [['first ok'], []]);
});

test('what is slower than usual is hedged after what nineteen of twenty answers take, once there are ten', async (t) => {
  const stage = hedgeStage(t, { ...HEDGED, hedge: { maxPercent: 100 } });
  for (let count = 0; count < 10; count += 1) {
    const asked = stage.ask();
    await stage.pass(count === 0 ? 3_000 : 300);
    assert.equal(stage.asked(), Array.from({ length: count + 1 }, () => 'first').join(' '), 'nothing is known yet');
    stage.exchange(-1).answer('usual');
    await asked.done;
  }
  for (let count = 0; count < 30; count += 1) {
    const asked = stage.ask();
    await stage.pass(300);
    stage.exchange(-1).answer('usual');
    await asked.done;
  }
  const before = stage.upstream.exchanges.length;
  const asked = stage.ask();
  await stage.pass(500);
  assert.equal(stage.upstream.exchanges.length, before + 2);
  assert.equal(stage.exchange(-1).host, 'second');
  stage.exchange(-1).answer('hedge');
  await asked.done;
  const streamed = stage.ask(STREAM);
  await stage.pass(1_000);
  assert.equal(stage.exchange(-1).host, 'first', 'of streams nothing is known');
  stage.exchange(-1).answer('streamed');
  await streamed.done;
});

test('failures do not change what is usual', async (t) => {
  const stage = hedgeStage(t, {
    ...HEDGED,
    targets: HEDGED.targets.map((target) => ({ ...target, ...ONCE, timeouts: { firstTokenMs: 5_000 } })),
    hedge: { maxPercent: 100 },
  });
  for (let count = 0; count < 20; count += 1) {
    const asked = stage.ask();
    await stage.pass(300);
    stage.exchange(-1).answer('usual');
    await asked.done;
  }
  for (let count = 0; count < 10; count += 1) {
    const asked = stage.ask();
    await stage.quiet();
    stage.exchange(-1).refuse(500);
    await stage.quiet();
    stage.exchange(-1).answer('next');
    await asked.done;
  }
  stage.ask();
  await stage.pass(500);
  assert.equal(stage.exchange(-1).host, 'second');
});
