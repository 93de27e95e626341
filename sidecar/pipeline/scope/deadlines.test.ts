import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RemoraError } from '#sidecar/errors/remora-error';
import { Deadlines } from './deadlines.ts';
import { ClientGone, RequestScope } from './request-scope.ts';

const clocked = () => {
  const clock = { now: 0 };
  const deadlines = new Deadlines(() => clock.now);
  const advance = (ms: number): void => {
    clock.now += ms;
    deadlines.tick();
  };
  return { clock, deadlines, advance };
};

test('a deadline passes once, a cancelled one never, a postponed one later', (t) => {
  const { deadlines, advance } = clocked();
  t.after(() => deadlines.close());
  const passed: string[] = [];
  deadlines.in(100, () => passed.push('kept'));
  deadlines.cancel(deadlines.in(100, () => passed.push('cancelled')));
  const moved = deadlines.in(100, () => passed.push('moved'));
  advance(60);
  deadlines.postpone(moved, 100);
  advance(40);
  assert.deepEqual(passed, ['kept']);
  advance(60);
  assert.deepEqual(passed, ['kept', 'moved']);
  assert.equal(deadlines.size, 0);
});

test('time in which the process stood still passes no deadline: what is left of the wait is waited for', (t) => {
  const { deadlines, advance } = clocked();
  t.after(() => deadlines.close());
  const passed: string[] = [];
  deadlines.in(1_000, () => passed.push('first token'));
  advance(200);
  advance(10_000);
  assert.deepEqual(passed, [], 'stopped for ten seconds');
  for (let ticks = 0; ticks < 5; ticks += 1) advance(100);
  assert.deepEqual(passed, [], '950 ms of its own time');
  advance(100);
  assert.deepEqual(passed, ['first token']);
});

test('a wait that begins after a pause, before anything else has noticed it, has its whole length', (t) => {
  const { deadlines, advance, clock } = clocked();
  t.after(() => deadlines.close());
  const passed: string[] = [];
  deadlines.in(60_000, () => {});
  clock.now += 10_000;
  deadlines.in(200, () => passed.push('x'));
  advance(150);
  assert.deepEqual(passed, []);
  advance(50);
  assert.deepEqual(passed, ['x']);
});

test('a cancelled scope aborts its attempt in the same tick and keeps the first cause', (t) => {
  const { deadlines } = clocked();
  t.after(() => deadlines.close());
  const scope = new RequestScope(deadlines);
  const attempt = scope.beginAttempt();
  const gone = new ClientGone();
  scope.cancel(gone);
  scope.cancel(new RemoraError({ code: 'draining', message: 'late' }));
  assert.equal(attempt.aborted, true);
  assert.equal(scope.cause, gone);
  assert.throws(() => scope.beginAttempt(), ClientGone);
});

test('a total deadline wakes a backoff and says upstream_timeout', async (t) => {
  const { deadlines, advance } = clocked();
  t.after(() => deadlines.close());
  const scope = new RequestScope(deadlines);
  scope.limitTo(50, 'default/chat');
  const sleeping = scope.sleep(1_000);
  advance(50);
  await assert.rejects(sleeping, { code: 'upstream_timeout' });
  assert.equal(deadlines.size, 0);
});
