import assert from 'node:assert/strict';
import { journey } from '#test/cluster/journey';
import { app, route } from '#test/cluster/manifests';
import { waitFor } from '#test/cluster/node/wait';
import { fakeProviders, provider, remoraInstalled } from '#test/cluster/setup';

const TEAM = 'team-journey';
/** 20 output tokens at 0.10 dollars. */
const ANSWER_USD = 2;
const ANSWERS = 3;

journey(
  'remora report tells in one line who spends most, and remora kill stops that team until it is undone',
  async (namespace) => {
    await Promise.all([remoraInstalled(), fakeProviders()]);
    const templateAnnotations = { 'remora.dev/inject': 'true' };
    await namespace.apply(
      app('shop', { image: namespace.cluster.images.test, templateAnnotations }),
      ...[provider('north'), route('chat', 'north/gpt-4o')],
    );
    await namespace.rolledOut('shop');
    await namespace.programmed('chat', 1);
    const { remora } = namespace.cluster;
    const pod = (await namespace.onePod('shop')).metadata.name;
    const answers = await namespace.ask(pod, { count: ANSWERS, maxTokens: 20 });
    assert.ok(
      answers.every(({ ok }) => ok),
      JSON.stringify(answers),
    );

    await waitFor('the report to tell what was spent', async () => {
      const json = await remora(['report', '--by', 'team', '--where', `team=${TEAM}`, '--format', 'json']);
      assert.match(json, new RegExp(`"costUsd": ?"?${ANSWERS * ANSWER_USD}\\b`), json);
      return true;
    });
    const dearest = await remora(['report', 'dearest-team', '--provider', 'openai']);
    // Who it is depends on what other journeys spent.
    assert.match(dearest, /^\S+ spent \$[0-9.]+ of \$[0-9.]+ on openai from [^:]+: [0-9.]+ %\.( .+\.)?\n$/);

    const stopped = await remora(['kill', '--team', TEAM, '--reason', 'a journey']);
    assert.match(stopped, /1 of 1/);
    const refused = await namespace.askOnce(pod, { maxTokens: 20 });
    assert.equal(refused.status, 403, JSON.stringify(refused));
    assert.match(refused.message ?? '', /a journey/);
    await remora(['kill', '--team', TEAM, '--undo']);
    await waitFor('requests to go on', async () => (await namespace.askOnce(pod, { maxTokens: 20 })).ok);
  },
  { 'remora.dev/team': TEAM },
);
