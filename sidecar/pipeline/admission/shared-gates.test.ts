import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Policy } from '#contract/policy/policy';
import { buildPolicy, buildProvider, buildRoute, buildTarget } from '#test/support/build-policy';
import { TestClock } from '#test/treasury/clock';
import type { Place, SharedGate } from './shared-gate.ts';
import { SharedGates } from './shared-gates.ts';

const ROUTE = 'route:shop/chat';
const MODEL = 'provider:ai/open/big';
const PROVIDER = 'provider:ai/open';
const TTL_MS = 30_000;

/** A route for 6 at a time over the fleet, to a provider that states `limits`. */
const policy = (limits?: Policy['providers'][number]['limits']): Policy =>
  buildPolicy({
    providers: [buildProvider('ai/open', limits && { limits })],
    routes: [
      buildRoute('shop/chat', [buildTarget('ai', 'open/big')], {
        concurrency: { fleet: { max: 6, queue: 9, deadlineMs: 1_000 } },
      }),
    ],
  });

function open({ isAlone = false, stated = policy() } = {}) {
  const clock = new TestClock(0);
  const gates = new SharedGates({ nowMs: clock.now, timers: clock, isAlone });
  gates.stated(stated);
  let news = 0;
  gates.onNews = () => {
    news += 1;
  };
  const tell = (units: number, key = MODEL): void => gates.tell([{ key, units }], TTL_MS);
  return { clock, gates, tell, gate: gates.gateOf(MODEL), news: () => news };
}

/** As many as find room, of 100. */
function fill(gate: SharedGate): Place[] {
  const places: Place[] = [];
  while (places.length < 100) {
    const place = gate.take('Normal');
    if (place === null) break;
    places.push(place);
  }
  return places;
}

test('what nobody limits is counted and holds nobody back', () => {
  const { gate, gates } = open();
  assert.equal(fill(gate).length, 100);
  assert.equal(gates.bounding.size, 0);
  assert.deepEqual(
    gates.demands().map(({ key, running, units }) => [key, running.Normal, units]),
    [[MODEL, 100, 0]],
    'the whole provider, which is not limited, is not told of',
  );
});

test('of what is stated for all pods one begins with one, and alone with all of it', () => {
  assert.equal(fill(open().gates.gateOf(ROUTE)).length, 1);
  assert.equal(fill(open({ isAlone: true }).gates.gateOf(ROUTE)).length, 6);
});

test('what is told holds, lets in who waits, and nothing told without a bound takes it away', () => {
  const { gate, gates, tell } = open();
  tell(2);
  assert.equal(fill(gate).length, 2);
  const turn = gate.wait('High');
  tell(3);
  assert.equal(turn.hasCome, true);
  gates.tell([], TTL_MS);
  assert.equal(gate.max, Number.POSITIVE_INFINITY);
});

test('what is told is never more than what is stated, and of a provider as a whole it holds for its models', () => {
  const { gate, gates } = open({ stated: policy([{ concurrency: 3 }]) });
  gates.tell([{ key: PROVIDER, units: 9 }], TTL_MS);
  assert.equal(fill(gate).length, 3);
  assert.equal(gate.isFull, false);
  assert.equal(gate.hasNoRoom, true);
});

test('a share that was told before its policy holds as soon as that is there', () => {
  const { gates } = open({ stated: buildPolicy({}) });
  gates.tell([{ key: ROUTE, units: 4 }], TTL_MS);
  gates.stated(policy());
  assert.equal(fill(gates.gateOf(ROUTE)).length, 4);
});

test('without the operator the last share holds for as long as it takes, and is named to the next stream', () => {
  const { gate, gates, tell, clock } = open();
  tell(2);
  clock.advance(100 * TTL_MS);
  const places = fill(gate);
  assert.equal(places.length, 2);
  for (const place of places) place.leave();
  gates.connected();
  assert.deepEqual(
    gates.demands().map(({ key, units }) => [key, units]),
    [[MODEL, 2]],
  );
  tell(2);
  assert.deepEqual(gates.demands(), []);
});

test('a process alone finds a limit by refusals, and one that is told leaves that to who tells', () => {
  const { gate, tell, clock } = open();
  const places = fill(gate).slice(0, 20);
  while (gate.runningInAll > 20) gate.leave('Normal');
  places.pop()?.leave();
  gate.throttle();
  assert.equal(gate.max, 14);
  tell(18);
  gate.throttle();
  assert.equal(gate.max, 18);
  clock.advance(TTL_MS);
  places.pop()?.leave();
  gate.throttle();
  assert.equal(gate.max, Math.floor(19 * 0.7), 'it is told no more');
});

test('a limit that was found grows again while all of it is used', () => {
  const { gate, clock } = open();
  for (let count = 0; count < 10; count += 1) gate.take('Normal');
  gate.leave('Normal');
  gate.throttle();
  assert.equal(gate.max, 7);
  while (gate.runningInAll > 7) gate.leave('Normal');
  const turn = gate.wait('Normal');
  for (let second = 0; second < 3; second += 1) {
    gate.leave('Normal');
    fill(gate);
    clock.advance(1_000);
  }
  assert.equal(turn.hasCome, true);
  assert.equal(gate.max, 8, 'the second of the refusal gives nothing');
});

test('a limit that was found grows while somebody waits, though nothing ends: a long stream keeps nobody out for good', () => {
  const { gate, clock } = open();
  gate.take('Normal');
  gate.take('Normal');
  gate.leave('Normal');
  gate.throttle();
  assert.equal(gate.max, 1);
  const turns = [gate.wait('Normal'), gate.wait('Normal')];
  clock.advance(3_000);
  assert.deepEqual(
    turns.map(({ hasCome }) => hasCome),
    [true, true],
  );
  const { max } = gate;
  clock.advance(3_000);
  assert.equal(gate.max, max, 'nobody waits');
});

test('a closed gate lets nobody begin before its time, whatever is told, and what was under way goes on', () => {
  const { gate, tell, clock } = open();
  const [place] = fill(gate);
  assert.equal(gate.closeUntil(500), true);
  assert.equal(gate.closeUntil(300), false, 'a shorter time changes nothing');
  tell(50);
  place?.leave();
  assert.equal(gate.take('High'), null);
  clock.advance(300);
  gate.reopen(300);
  assert.equal(gate.take('High'), null);
  clock.advance(199);
  gate.reopen(500);
  assert.equal(gate.max, 50, 'though its timer came a hair early');
});

test('who waits, who is refused and who is above its share is news; who comes and goes is none', () => {
  const { gate, tell, news } = open();
  tell(2);
  const places = fill(gate);
  assert.equal(news(), 0);
  places.pop()?.leave();
  assert.equal(news(), 0);
  fill(gate);
  gate.wait('Low');
  assert.equal(news(), 1);
  gate.throttle();
  assert.equal(news(), 2);
  tell(0);
  places.pop()?.leave();
  assert.equal(news(), 3, 'what was taken away is given up');
});

test('refusals are told once', () => {
  const { gate, gates } = open();
  gate.throttle();
  gate.throttle();
  assert.deepEqual(
    gates.demands().map(({ throttled }) => throttled),
    [2],
  );
  gates.reported();
  assert.deepEqual(gates.demands(), []);
});

test('what a policy does not name any more is forgotten when it is over', () => {
  const { gate, gates, tell } = open();
  tell(1);
  const [place] = fill(gate);
  gates.stated(buildPolicy({}));
  assert.equal(gates.gateOf(MODEL), gate);
  place?.leave();
  gates.stated(buildPolicy({}));
  assert.equal(gates.bounding.size, 0);
  assert.notEqual(gates.gateOf(MODEL), gate);
});
