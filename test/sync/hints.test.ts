/** What one sidecar finds unfit reaches the others that may know of it, through a real operator's push server. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { policyHash } from '#contract/policy/hash';
import type { Policy } from '#contract/policy/policy';
import type { Unfit } from '#contract/policy/unfit';
import type { PolicySink } from '#sidecar/policy/policy-source';
import { REAL_TIMERS, type Timers } from '#sidecar/time/timers';
import { CHAT, post } from '#test/sidecar/raw-http';
import { startSidecar } from '#test/sidecar/start-sidecar';
import { buildPolicy, buildProvider, buildRoute, buildTarget } from '#test/support/build-policy';
import { startFakeProvider } from '#test/support/providers/fake-provider';
import { policyOf, published, type TestOperator, type TestSidecar, until, WORKLOAD, World } from './harness.ts';

const ONE: Unfit = { provider: 'shop/one', model: null, reason: 'auth' };
const TWO: Unfit = { provider: 'shop/two', model: null, reason: 'quota' };
const OTHER = 'shop/Deployment/other';
/** A reporter looks often, so that a test need not wait for it. */
const OFTEN: Timers = { ...REAL_TIMERS, every: (ms, task) => REAL_TIMERS.every(Math.min(ms, 20), task) };

interface Place {
  readonly world: World;
  readonly operator: TestOperator;
}

async function open(t: TestContext): Promise<Place> {
  const world = await World.open();
  t.after(() => world.close());
  const operator = await world.operator();
  operator.server.publish(WORKLOAD, published(policyOf(['one', 'two'])));
  operator.server.publish(OTHER, published(policyOf(['two'])));
  return { world, operator };
}

interface Reporter extends TestSidecar {
  /** What its data plane finds unfit; a test changes it. */
  readonly found: Unfit[];
}

function reporter(world: World, uid: string, port: number): Reporter {
  const found: Unfit[] = [];
  return { ...world.started(uid, port, { timers: OFTEN, unfit: () => [...found] }), found };
}

/** All that was sent on the stream of the sidecar before this has arrived after it, since a stream keeps its order. */
async function caughtUp(operator: TestOperator, { podUid }: TestSidecar, workloadKey: string): Promise<void> {
  const { providers } = policyOf(['two', `barrier-${podUid}`]);
  const policy: Policy = { ...policyOf(['one', 'two']), providers };
  operator.server.publish(workloadKey, published(policy));
  await until('the barrier', () => operator.states.get(podUid)?.ackedHash === policyHash(policy));
}

const isOver = (hints: readonly (readonly Unfit[])[]): boolean => hints.at(-1)?.length === 0;

const connected = (operator: TestOperator, count: number): Promise<void> =>
  until(
    `${count} with a policy`,
    () => [...operator.states.values()].filter((state) => state.ackedHash).length === count,
  );

test('what one sidecar reports is told to the others of its policy, and is over when it recovers', async (t) => {
  const { world, operator } = await open(t);
  world.places.set('pod-elsewhere', { namespace: 'shop', workloadKey: OTHER });
  const teller = reporter(world, 'pod-teller', operator.port);
  const listener = reporter(world, 'pod-listener', operator.port);
  const elsewhere = reporter(world, 'pod-elsewhere', operator.port);
  await connected(operator, 3);
  teller.found.push(ONE);
  await until('the hint', () => listener.sink.hints.length > 0);
  assert.deepEqual(listener.sink.hints[0], [ONE]);
  assert.deepEqual(operator.server.unfitReports(), [{ provider: 'shop/one', reason: 'auth', reports: 1 }]);
  teller.found.pop();
  await until('the recovery', () => isOver(listener.sink.hints));
  assert.deepEqual(operator.server.unfitReports(), []);
  const said = operator.log.lines.filter(({ message }) => message.includes('reported as unfit'));
  assert.deepEqual(said, [
    { fields: { provider: 'shop/one', reason: 'auth' }, message: 'a provider is reported as unfit' },
    { fields: { provider: 'shop/one' }, message: 'a provider is no longer reported as unfit' },
  ]);
  await caughtUp(operator, teller, WORKLOAD);
  await caughtUp(operator, elsewhere, OTHER);
  assert.deepEqual(teller.sink.hints, [], 'nobody hears its own word');
  assert.deepEqual(elsewhere.sink.hints, [], 'its policy does not name the provider');
});

test('hints are told again while they last, and end when the stream of who reported does', async (t) => {
  const { world, operator } = await open(t);
  const teller = reporter(world, 'pod-teller', operator.port);
  const listener = reporter(world, 'pod-listener', operator.port);
  await connected(operator, 2);
  teller.found.push(ONE);
  await until('the hint', () => listener.sink.hints.length > 0);
  world.aheadMs += 10_000;
  await until('the hint again', () => listener.sink.hints.length > 1);
  assert.deepEqual(listener.sink.hints.slice(0, 2), [[ONE], [ONE]]);
  await teller.client.close();
  await until('the end', () => isOver(listener.sink.hints));
});

test('another namespace alone is not believed; two are', async (t) => {
  const { world, operator } = await open(t);
  for (const namespace of ['bank', 'mail']) {
    operator.server.publish(`${namespace}/Deployment/app`, published(policyOf(['one', 'two'])));
    world.places.set(`pod-${namespace}`, { namespace, workloadKey: `${namespace}/Deployment/app` });
  }
  const [bank, mail, shop] = ['bank', 'mail', 'shop'].map((name) => reporter(world, `pod-${name}`, operator.port));
  assert.ok(bank && mail && shop);
  await connected(operator, 3);
  bank.found.push(ONE, TWO);
  await until('the report', () => operator.server.unfitReports().length === 2);
  mail.found.push(TWO);
  await until('the hint', () => shop.sink.hints.length > 0);
  assert.deepEqual(shop.sink.hints[0], [TWO]);
});

test('a sidecar that comes to another replica reports there what it knows', async (t) => {
  const { world, operator: first } = await open(t);
  const teller = reporter(world, 'pod-teller', first.port);
  const early = reporter(world, 'pod-early', first.port);
  await connected(first, 2);
  teller.found.push(ONE);
  await until('the hint', () => early.sink.hints.length > 0);
  await first.stop();
  const second = await world.operator(first.port);
  second.server.publish(WORKLOAD, published(policyOf(['one', 'two'])));
  const late = reporter(world, 'pod-late', second.port);
  await until('the hint from the other', () => late.sink.hints.length > 0);
  assert.deepEqual(late.sink.hints[0], [ONE]);
});

/** A whole sidecar with its data plane, and what it was told. */
async function startPod(t: TestContext, { world, operator }: Place, uid: string) {
  const running = await startSidecar(t);
  const { sink } = running.sidecar;
  const hints: (readonly Unfit[])[] = [];
  const keys: (string | undefined)[] = [];
  const watched: PolicySink = {
    applyPolicy: (...policyAndHash) => sink.applyPolicy(...policyAndHash),
    applyCredentials(credentials) {
      sink.applyCredentials(credentials);
      keys.push(credentials.get('one'));
    },
    applyHints(unfit, ttlMs) {
      sink.applyHints(unfit, ttlMs);
      hints.push(unfit);
    },
  };
  const { client } = world.sidecar(uid, operator.port, { timers: OFTEN, unfit: () => running.sidecar.unfit() });
  client.start(watched);
  return { ask: async () => (await post(running.url, CHAT)).status, hints, keys };
}

test('a key that one sidecar saw refused is not tried by another until it is replaced', async (t) => {
  const place = await open(t);
  const { operator } = place;
  const refusing = await startFakeProvider({ dialect: 'openai', acceptKey: 'new' });
  const good = await startFakeProvider({ dialect: 'openai' });
  t.after(() => refusing.close());
  t.after(() => good.close());
  const provider = (name: string, endpoint: string) =>
    buildProvider(`shop/${name}`, { type: 'OpenAI', endpoint, credential: name });
  const policy = buildPolicy({
    providers: [provider('one', refusing.url), provider('two', good.url)],
    routes: [buildRoute('shop/chat', [buildTarget('shop', 'one/m'), buildTarget('shop', 'two/m')])],
  });
  operator.server.publish(WORKLOAD, published(policy, { one: 'old', two: 'any' }));
  const [first, second] = [await startPod(t, place, 'pod-first'), await startPod(t, place, 'pod-second')];
  await connected(operator, 2);

  assert.equal(await first.ask(), 200);
  assert.equal(refusing.requests.length, 1);
  assert.equal(good.requests.length, 1);
  await until('the hint', () => second.hints.length > 0);
  assert.equal(await second.ask(), 200);
  assert.equal(refusing.requests.length, 1, 'its first request goes straight to the second target');
  assert.equal(good.requests.length, 2);

  operator.server.publish(WORKLOAD, published(policy, { one: 'new', two: 'any' }));
  await until('the recovery', () => isOver(second.hints) && second.keys.at(-1) === 'new');
  assert.equal(await second.ask(), 200);
  assert.equal(refusing.requests.length, 2);
  assert.equal(good.requests.length, 2);
});

test('an outage that one sidecar found by failed requests costs another none, which still asks the target where nobody else answers', async (t) => {
  const place = await open(t);
  const { operator } = place;
  const [down, good] = [await startFakeProvider({ dialect: 'openai' }), await startFakeProvider({ dialect: 'openai' })];
  t.after(() => down.close());
  t.after(() => good.close());
  down.respondWith({ fault: { kind: 'status', status: 500 } });
  const provider = (name: string, endpoint: string) => buildProvider(`shop/${name}`, { type: 'OpenAI', endpoint });
  const circuitBreaker = { consecutiveFailures: 2, errorPercent: 50, firstTokenP95Ms: null, openForMs: 60_000 };
  const target = (name: string) => buildTarget('shop', name, { circuitBreaker });
  const policy = buildPolicy({
    providers: [provider('one', down.url), provider('two', good.url)],
    routes: [buildRoute('shop/chat', [target('one/m'), target('two/m')])],
  });
  operator.server.publish(WORKLOAD, published(policy, {}));
  const [first, second] = [await startPod(t, place, 'pod-first'), await startPod(t, place, 'pod-second')];
  await connected(operator, 2);
  assert.deepEqual([await first.ask(), await first.ask()], [200, 200]);
  await until('the hint', () => second.hints.length > 0);
  assert.deepEqual(second.hints[0], [{ provider: 'shop/one', model: 'm', reason: 'outage' }]);
  assert.equal(await second.ask(), 200);
  assert.equal(down.requests.length, 2, 'none of the second sidecar');
  good.respondWith({ fault: { kind: 'status', status: 500 } });
  down.respondWith({});
  assert.equal(await second.ask(), 200);
  assert.equal(down.requests.length, 3);
});
