import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Deadlines } from './deadlines.ts';
import { IdleWait } from './idle-wait.ts';

function start(t: { after(release: () => void): void }) {
  const clock = { ms: 0 };
  const deadlines = new Deadlines(() => clock.ms);
  t.after(() => deadlines.close());
  const open = new Set(['one', 'two']);
  const idle = new IdleWait(deadlines, () => open.size === 0);
  const pass = (ms: number): void => {
    // In steps: time that passes at once is a pause of the process.
    for (let passed = 0; passed < ms; passed += 100) {
      clock.ms += Math.min(100, ms - passed);
      deadlines.tick();
    }
  };
  const close = (name: string): void => {
    open.delete(name);
    idle.changed();
  };
  const waiting = (ms: number) => {
    const wait = { isOver: false, over: idle.within(ms) };
    void wait.over.then(() => {
      wait.isOver = true;
    });
    return wait;
  };
  return { pass, close, waiting };
}

test('IdleWait waits until nothing is open, and no longer', async (t) => {
  const { close, waiting } = start(t);
  const wait = waiting(1_000);
  close('one');
  await Promise.resolve();
  assert.equal(wait.isOver, false);
  close('two');
  await wait.over;
  await waiting(1_000).over;
});

test('IdleWait gives up after its limit, and waits for none without one', async (t) => {
  const { pass, waiting } = start(t);
  const wait = waiting(1_000);
  pass(999);
  await Promise.resolve();
  assert.equal(wait.isOver, false);
  pass(1);
  await wait.over;
  await waiting(0).over;
});
