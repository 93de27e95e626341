import assert from 'node:assert/strict';
import { journey } from '#test/cluster/journey';
import { app, guardrails, route } from '#test/cluster/manifests';
import { CommandError } from '#test/cluster/node/command';
import { fakeProviders, provider, remoraInstalled } from '#test/cluster/setup';

journey(
  'a guardrail masks what the model answers, plain and streamed, and a broken one is refused and leaves it in force',
  async (namespace) => {
    await Promise.all([remoraInstalled(), fakeProviders()]);
    const mask = { name: 'mail', stage: 'Output', detect: ['Email'], action: 'Mask' };
    const block = { name: 'words', stage: 'Input', patterns: ['(?i)project-x'], action: 'Block' };
    await namespace.apply(
      app('shop', { image: namespace.cluster.images.test, templateAnnotations: { 'remora.dev/inject': 'true' } }),
      guardrails('safety', mask, block),
      ...[provider('north'), route('chat', 'north/gpt-4o')],
    );
    await namespace.rolledOut('shop');
    const pod = await namespace.onePod('shop');
    const holds = async () => {
      for (const stream of [false, true]) {
        const answer = await namespace.askOnce(pod.metadata.name, {
          prompt: 'write to ann@example.com please',
          stream,
        });
        assert.match(answer.text ?? '', /^from north: write to \[[A-Z_]+\] please$/, JSON.stringify(answer));
      }
      const refused = await namespace.askOnce(pod.metadata.name, { prompt: 'tell me of Project-X' });
      assert.equal(refused.status, 400, JSON.stringify(refused));
      assert.match(refused.message ?? '', /words/);
    };
    await holds();

    // No schema can tell that a pattern has no longest match, so that the operator's webhook has to.
    const endless = { name: 'endless', stage: 'Output', patterns: ['begin.*end'], action: 'Mask' };
    const refusal = await namespace.apply(guardrails('safety', endless)).catch((error: unknown) => error);
    assert.ok(refusal instanceof CommandError, 'it was accepted');
    assert.match(refusal.message, /denied the request: .*spec\.guardrails\[0\]\.patterns\[0\]: must not match more/);
    await holds();
  },
);
