import assert from 'node:assert/strict';
import { journey } from '#test/cluster/journey';
import { budget, route } from '#test/cluster/manifests';
import { CommandError } from '#test/cluster/node/command';
import { remoraInstalled } from '#test/cluster/setup';

journey('the API server itself refuses a wrong resource and says why in one sentence', async (namespace) => {
  await remoraInstalled();
  const wrong: [object, RegExp][] = [
    [
      budget('both', { name: 'day', usd: 1, tokens: 1, every: 'Day' }),
      /spec\.limits\[0\]: .*exactly one of usd, tokens, inputTokens, outputTokens, requests must be set/,
    ],
    [
      { apiVersion: 'remora.dev/v1alpha1', kind: 'AIRoute', metadata: { name: 'none' }, spec: {} },
      /exactly one of targets and rules must be set/,
    ],
    [route('no-model', 'north'), /spec\.targets\[0\]\.model/],
    [
      { apiVersion: 'remora.dev/v1alpha1', kind: 'AIProvider', metadata: { name: 'p' }, spec: { type: 'OpenAI' } },
      /auth is required when type is OpenAI, Anthropic, /,
    ],
  ];
  for (const [object, sentence] of wrong) {
    const refusal = await namespace.apply(object).then(
      () => undefined,
      (error: unknown) => error,
    );
    assert.ok(refusal instanceof CommandError, `it was accepted: ${JSON.stringify(object)}`);
    assert.match(refusal.stderr, sentence);
  }
});
