import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Priority } from '#contract/resources/route-concurrency';
import { RemoraError } from '#sidecar/errors/remora-error';
import type { CompiledRoute } from '#sidecar/pipeline/policy/snapshot';
import type { RequestRecorder } from '#sidecar/pipeline/request-recorder';
import { Deadlines } from '#sidecar/pipeline/scope/deadlines';
import { ClientGone, RequestScope } from '#sidecar/pipeline/scope/request-scope';
import { REAL_TIMERS } from '#sidecar/time/timers';
import { buildRoute } from '#test/support/build-policy';
import { Admission } from './admission.ts';
import { SharedGates } from './shared-gates.ts';

const DEADLINE_MS = 10_000;
const STEP_MS = 100;
const ROUTE = buildRoute('shop/chat', [], {
  concurrency: { perPod: { max: 1, queue: 2, deadlineMs: DEADLINE_MS } },
});

/** One process with a clock that only the test moves. */
function stage() {
  let nowMs = 0;
  const deadlines = new Deadlines(() => nowMs);
  const gates = new SharedGates({ nowMs: () => nowMs, timers: REAL_TIMERS, isAlone: false });
  const admission = new Admission(() => nowMs, gates);
  return {
    admission,
    deadlines,
    /** As a process lives through it: one that stands still for longer than a tick's grace is not late. */
    advance(ms: number) {
      for (let left = ms; left > 0; left -= STEP_MS) {
        nowMs += Math.min(left, STEP_MS);
        deadlines.tick();
      }
    },
    enter(priority: Priority = 'Normal', route = ROUTE) {
      const scope = new RequestScope(deadlines);
      const log: Pick<RequestRecorder, 'queued'> = { queued: undefined };
      const selection = { route: { policy: route } as CompiledRoute, priority };
      const entered = admission.enter({ scope }, selection, log);
      return { scope, log, entered };
    },
    counts: () =>
      admission
        .counts()
        .flatMap(({ priority, running, waiting }) => (running + waiting > 0 ? [{ priority, running, waiting }] : [])),
  };
}

const isOverloaded =
  (says: RegExp) =>
  (error: unknown): boolean =>
    error instanceof RemoraError &&
    error.code === 'overloaded' &&
    error.details.object === 'AIRoute shop/chat' &&
    error.details.retryAfterMs === 1_000 &&
    says.test(error.message);

test('a route without concurrency is not asked and nothing is kept of it', () => {
  const { enter, counts } = stage();
  assert.equal(enter(undefined, buildRoute('shop/free', [])).entered, undefined);
  assert.deepEqual(counts(), []);
});

test('a request waits until the one before it is over, and knows how long', async () => {
  const { enter, advance, counts } = stage();
  const first = enter();
  await first.entered;
  const second = enter('Low');
  advance(4_000);
  assert.deepEqual(counts(), [
    { priority: 'Normal', running: 1, waiting: 0 },
    { priority: 'Low', running: 0, waiting: 1 },
  ]);
  first.scope.close();
  await second.entered;
  assert.deepEqual(second.log.queued, { priority: 'Low', waitedMs: 4_000 });
  second.scope.close();
  assert.deepEqual(counts(), []);
});

test('a full queue refuses at once, and a passed deadline then: both with 503 and when to come again', async () => {
  const { enter, advance, counts } = stage();
  const running = enter();
  await running.entered;
  const waiting = enter('High');
  const last = enter();
  await assert.rejects(
    Promise.resolve(enter().entered),
    isOverloaded(/is full here: 1 of 1 requests are under way and 2 of 2 wait/),
  );
  advance(DEADLINE_MS);
  await assert.rejects(Promise.resolve(waiting.entered), isOverloaded(/had no turn for the request within 10000 ms/));
  await assert.rejects(Promise.resolve(last.entered), isOverloaded(/no turn/));
  assert.deepEqual(waiting.log.queued, { priority: 'High', waitedMs: DEADLINE_MS, refused: 'late' });
  waiting.scope.close();
  last.scope.close();
  assert.deepEqual(counts(), [{ priority: 'Normal', running: 1, waiting: 0 }]);
});

test('a client that leaves while it waits leaves the queue with it, and takes no turn', async () => {
  const { enter, counts } = stage();
  const running = enter();
  await running.entered;
  const gone = enter();
  const next = enter();
  gone.scope.cancel(new ClientGone());
  await assert.rejects(Promise.resolve(gone.entered), ClientGone);
  gone.scope.close();
  assert.deepEqual(counts(), [{ priority: 'Normal', running: 1, waiting: 1 }]);
  running.scope.close();
  await next.entered;
  next.scope.close();
});

test('a client that leaves in the instant of its turn gives it back', async () => {
  const { enter, counts } = stage();
  const running = enter();
  await running.entered;
  const gone = enter();
  const next = enter();
  running.scope.close();
  gone.scope.cancel(new ClientGone());
  await assert.rejects(Promise.resolve(gone.entered), ClientGone);
  gone.scope.close();
  await next.entered;
  assert.deepEqual(counts(), [{ priority: 'Normal', running: 1, waiting: 0 }]);
  next.scope.close();
});

test('a wait that is over leaves no timer behind', async () => {
  const { enter, deadlines } = stage();
  const first = enter();
  await first.entered;
  const second = enter();
  assert.equal(deadlines.size, 1);
  first.scope.close();
  await second.entered;
  assert.equal(deadlines.size, 0);
  deadlines.close();
});
