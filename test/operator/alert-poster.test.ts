/** Posts of alerts to a real receiver, while a test moves the time. */
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import type { AlertDelivery } from '#contract/resources/limit-alerts';
import { AlertPoster } from '#operator/alerts/alert-poster';
import { openWebhookPoster } from '#operator/alerts/webhook-post';
import { isSigned, SIGNING_KEY, startReceiver, type TestScope } from '#test/sidecar/callback/stage';
import { until } from '#test/sidecar/start-sidecar';
import { NOON } from '#test/treasury/budgets';
import { TestClock } from '#test/treasury/clock';

const HOUR_MS = 3_600_000;
const KEY = 'AIBudget/shop/caps';
const ALERT: AlertDelivery = {
  ...{ id: 'alert_1', webhook: 0, limit: 'dev', percent: 80, spent: '4.00 USD', amount: '5.00 USD' },
  ...{ windowStart: '2026-11-21T00:00:00Z', windowEnd: '2026-11-22T00:00:00Z', raised: new Date(NOON).toISOString() },
};

function posterFor(t: TestScope, secret: Readonly<Record<string, string>> | undefined, leads = () => true) {
  const clock = new TestClock(NOON);
  const webhooks = openWebhookPoster(2_000);
  const words: string[] = [];
  const changes: string[] = [];
  const poster = new AlertPoster({
    ...{ webhooks, leads, now: clock.now, random: () => 0.999, after: (ms, task) => clock.after(ms, task) },
    secret: (namespace, name) => {
      assert.deepEqual([namespace, name], ['shop', 'hooks']);
      return secret && new Map(Object.entries(secret));
    },
    onChange: (key) => void changes.push(key),
    onPosted: (word, _key, reason) => void words.push(`${word}: ${reason}`),
  });
  t.after(async () => {
    poster.close();
    await webhooks.close();
  });
  const keep = (deliveries: readonly AlertDelivery[], url?: string) =>
    poster.keep(KEY, {
      object: { kind: 'AIBudget', namespace: 'shop', name: 'caps' },
      webhooks: [{ ...(url !== undefined && { url }), secretRef: { name: 'hooks' } }],
      deliveries,
    });
  return { clock, poster, keep, words, changes };
}

test('an alert is posted signed, with figures in one unit, and is over when it was taken', async (t) => {
  const receiver = await startReceiver(t);
  const { poster, keep, words, changes } = posterFor(t, { url: `${receiver.url}/b`, 'signing-key': SIGNING_KEY });
  keep([{ ...ALERT, fullest: 'ab12' }]);
  await until(() => words.length === 1, 'it is posted');
  const [post] = receiver.posts;
  assert.ok(post && isSigned(post));
  assert.deepEqual([post.path, post.headers['webhook-id']], ['/b', 'alert_1']);
  assert.deepEqual(JSON.parse(post.body), {
    type: 'budget.threshold',
    timestamp: ALERT.raised,
    data: {
      ...{ id: 'alert_1', kind: 'AIBudget', namespace: 'shop', name: 'caps', budget: 'caps' },
      ...{ limit: 'dev', percent: 80, fullest: 'ab12' },
      ...{ spent: '4.00', amount: '5.00', unit: 'USD' },
      ...{ windowStart: ALERT.windowStart, windowEnd: ALERT.windowEnd },
    },
  });
  assert.deepEqual([poster.isOver(ALERT), poster.failing(KEY), changes], [true, undefined, [KEY]]);
  keep([{ ...ALERT }]);
  keep([]);
  assert.equal(receiver.posts.length, 1, 'not even while its status still says that it waits');
});

test('a receiver that fails is asked ever later, with the same id and bytes and a signature of its own each time', async (t) => {
  const receiver = await startReceiver(t);
  receiver.answerWith({ status: 500 }, { status: 503 }, { status: 429 });
  const { clock, poster, keep, words } = posterFor(t, { 'signing-key': SIGNING_KEY });
  keep([ALERT], receiver.url);
  const waits = [6_249, 12_498, 24_995];
  for (const [index, waitMs] of waits.entries()) {
    await until(() => words.length === index + 1, 'it failed');
    assert.match(poster.failing(KEY)?.reason ?? '', /^the receiver answered (500|503|429)$/);
    clock.advance(waitMs - 1);
    assert.equal(receiver.posts.length, index + 1, 'not before its time');
    clock.advance(1);
  }
  await until(() => words.length === 4, 'it is taken');
  assert.equal(words.at(-1), 'taken: the receiver answered 200');
  assert.deepEqual(new Set(receiver.posts.map(({ headers, body }) => `${headers['webhook-id']} ${body}`)).size, 1);
  assert.ok(receiver.posts.every((post) => isSigned(post)));
  assert.equal(new Set(receiver.posts.map(({ headers }) => headers['webhook-signature'])).size, 4);
});

test('a receiver that stays away for a day is given up, and nobody is asked more often than every quarter of an hour then', async (t) => {
  const { clock, poster, keep, words } = posterFor(t, undefined);
  keep([ALERT]);
  for (let guard = 0; !poster.isOver(ALERT) && guard < 2_000; guard += 1) {
    const made = words.length;
    await until(() => words.length > made || guard > 0, 'it is tried');
    clock.advance(60_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(words.at(-1), 'abandoned: its Secret has no address under the key url');
  assert.ok(words.length > 24 * 3 && words.length < 24 * 4 + 20, String(words.length));
  assert.ok(clock.now() - NOON <= 24 * HOUR_MS);
});

test('redirects are not followed, 410 ends it, and nothing of an answer is told', async (t) => {
  const receiver = await startReceiver(t);
  const elsewhere = await startReceiver(t);
  receiver.answerWith({ status: 307, location: `${elsewhere.url}/x` }, { status: 410 });
  const { clock, keep, words } = posterFor(t, { 'signing-key': SIGNING_KEY });
  keep([ALERT], receiver.url);
  await until(() => words.length === 1, 'it is posted');
  clock.advance(60_000);
  await until(() => words.length === 2, 'it is posted again');
  assert.deepEqual(words, ['failed: the receiver answered 307', 'gone: the receiver answered 410']);
  assert.equal(elsewhere.posts.length, 0);
});

test('what says nothing or never ends costs a deadline, and what is not there no address in words', async (t) => {
  const silent = createServer((socket) => void socket.resume().on('error', () => undefined));
  const endless = createServer((socket) => {
    socket.resume().on('error', () => undefined);
    socket.write('HTTP/1.1 500 No\r\ntransfer-encoding: chunked\r\n\r\n');
    const piece = `8000\r\n${'x'.repeat(0x8000)}\r\n`;
    const more = (): void => {
      while (!socket.destroyed && socket.write(piece));
    };
    socket.on('drain', more);
    more();
  });
  for (const server of [silent, endless]) {
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    t.after(() => new Promise((resolve) => server.close(resolve)));
  }
  const webhooks = openWebhookPoster(200);
  t.after(() => webhooks.close());
  const postTo = async (server: typeof silent) => {
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    return webhooks.post({ url: `http://127.0.0.1:${address.port}/secret`, headers: {}, body: Buffer.from('{}') });
  };
  assert.deepEqual(await postTo(silent), { outcome: 'failed', reason: 'the receiver did not answer within 0.2 s' });
  assert.deepEqual(await postTo(endless), { outcome: 'failed', reason: 'the receiver answered 500' });
  assert.deepEqual(await webhooks.post({ url: 'http://127.0.0.1:1/secret', headers: {}, body: Buffer.from('{}') }), {
    ...{ outcome: 'failed', reason: 'the receiver could not be reached' },
  });
});

test('a replica that does not lead posts nothing', async (t) => {
  const receiver = await startReceiver(t);
  let leads = false;
  const { keep, words } = posterFor(t, { 'signing-key': SIGNING_KEY }, () => leads);
  keep([ALERT], receiver.url);
  leads = true;
  keep([ALERT], receiver.url);
  await until(() => words.length === 1, 'the leader posts');
  assert.equal(receiver.posts.length, 1);
});

test('of an object that is gone nothing is posted any more', async (t) => {
  const receiver = await startReceiver(t);
  receiver.answerWith({ status: 500 });
  const { clock, poster, keep, words } = posterFor(t, { 'signing-key': SIGNING_KEY });
  keep([ALERT], receiver.url);
  await until(() => words.length === 1, 'it is tried');
  poster.forget(KEY);
  clock.advance(HOUR_MS);
  assert.deepEqual([receiver.posts.length, poster.failing(KEY)], [1, undefined]);
});

test('an address in a Secret that nobody can read in one way is not posted to', async (t) => {
  const { keep, words } = posterFor(t, { url: 'file:///etc/passwd', 'signing-key': SIGNING_KEY });
  keep([ALERT]);
  await until(() => words.length === 1, 'it is tried');
  assert.deepEqual(words, ['failed: its Secret has no address under the key url']);
});
