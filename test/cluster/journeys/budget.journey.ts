import assert from 'node:assert/strict';
import { type Answer, journey } from '#test/cluster/journey';
import { app, budget, route } from '#test/cluster/manifests';
import { waitFor } from '#test/cluster/node/wait';
import { fakeProviders, provider, remoraInstalled } from '#test/cluster/setup';

/** One answer costs 20 output tokens at 0.10 dollars, and that is also its upper bound. */
const ANSWER_USD = 2;
const CAP_USD = 10;
const IDENTITY = { 'remora.dev/team': 'team-data-science', 'remora.dev/environment': 'dev' };

journey(
  'a hard dollar cap holds across two pods, and kubectl shows what was spent',
  async (namespace) => {
    await Promise.all([remoraInstalled(), fakeProviders()]);
    const match = { team: 'team-data-science', environment: 'dev' };
    await namespace.apply(
      app('shop', {
        image: namespace.cluster.images.test,
        replicas: 2,
        templateAnnotations: { 'remora.dev/inject': 'true' },
      }),
      budget('dev', { name: 'dev', match, usd: CAP_USD, every: 'Month' }),
      ...[provider('north'), route('chat', 'north/gpt-4o')],
    );
    await namespace.rolledOut('shop');
    await namespace.programmed('chat', 2);
    const pods = await namespace.pods('shop');
    const both = await Promise.all(pods.map((pod) => namespace.ask(pod.metadata.name, { count: 8, maxTokens: 20 })));
    const answers = both.flat();
    const served = answers.filter((answer) => answer.ok);
    assert.ok(served.length * ANSWER_USD <= CAP_USD, `${served.length} answers were served`);
    assert.ok(served.length > 0, JSON.stringify(answers[0]));
    for (const answer of answers.filter((one) => !one.ok)) assertRefused(answer);
    for (const pod of pods) assertRefused(await namespace.askOnce(pod.metadata.name, { maxTokens: 100 }));

    const spent = (served.length * ANSWER_USD).toFixed(2);
    await waitFor('the status to say what was spent', async () => {
      const table = await namespace.kubectl('get', 'aibudget', 'dev');
      const [header = '', row = ''] = table.split('\n');
      assert.match(header, /SPENT +REMAINING +PERCENT/);
      assert.match(row, new RegExp(`\\b${spent} USD\\b`), table);
      return true;
    });
  },
  IDENTITY,
);

function assertRefused(answer: Answer): void {
  assert.equal(answer.status, 429, JSON.stringify(answer));
  assert.match(answer.message ?? '', /Budget exceeded for team-data-science in environment dev\./);
  assert.ok(Number(answer.retryAfter) > 0, `retry-after is ${answer.retryAfter}`);
}
