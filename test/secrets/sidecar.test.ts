/** The injected sidecar as a process, under everything that clients and providers do: what it was entrusted with comes out nowhere. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { POD_ENV } from '#contract/names/pod';
import { policyHash } from '#contract/policy/hash';
import type { PolicyGuardrail } from '#contract/policy/policy';
import { keyOf, tokenOf } from '#test/sidecar/keys/start-keys';
import { policyOf } from '#test/sidecar/start-sidecar';
import { startCollector } from '#test/support/otlp-collector';
import { startFakeProvider } from '#test/support/providers/fake-provider';
import { CLIENT, TENANT } from '#test/support/token-services/entra';
import { startTokenServices } from '#test/support/token-services/token-services';
import { budgetOf, published, until, WORKLOAD, World } from '#test/sync/harness';
import { injectedEnv, spawnSidecar } from '#test/sync/sidecar-process';
import { assertClean, canaryOf, findCanaries, secretOf } from './canary.ts';
import { assertPrivate, filesIn } from './folder.ts';
import { ANSWER, askOnce, CALLER, FORBIDDEN, PROMPT, provoke, provokeByKeys, provokeRefusals } from './traffic.ts';

const OPENAI_KEY = canaryOf('openai-key');
const ANTHROPIC_KEY = canaryOf('anthropic-key');
/** What the pod proves its identity with, and what the cloud gives for it. */
const POD_TOKEN = canaryOf('pod-token');
const ACCESS_TOKEN = canaryOf('access-token');
const OTLP = canaryOf('otlp-header');
/** Tokens of an AIKey that is known here, and of one that is not. */
const AI_KEYS = ['known', 'unknown'].map((name) => secretOf(`aikey-${name}`, tokenOf(name)));
const TEXTS = [PROMPT, ANSWER];
const ALL = [OPENAI_KEY, ANTHROPIC_KEY, POD_TOKEN, ACCESS_TOKEN, OTLP, CALLER, ...AI_KEYS, ...TEXTS];

const BLOCK: PolicyGuardrail = {
  policy: 'remora-system/organisation',
  name: 'words',
  stage: 'Input',
  detect: [],
  patterns: [FORBIDDEN],
  action: 'Block',
  unlessTags: [],
};

const OF_POD = { azure: { workloadIdentity: {} } };

/** As the webhook of Azure workload identity sets it, with the token that kubelet writes. */
function azureEnv(dir: string, authority: string): Readonly<Record<string, string>> {
  const tokenFile = join(dir, 'azure-identity-token');
  writeFileSync(tokenFile, POD_TOKEN.value);
  return {
    AZURE_TENANT_ID: TENANT,
    AZURE_CLIENT_ID: CLIENT,
    AZURE_FEDERATED_TOKEN_FILE: tokenFile,
    AZURE_AUTHORITY_HOST: authority,
  };
}

test('keys, tokens, headers, prompts and answers are in no log, metric, trace, journal, report or error of a sidecar', async (t) => {
  const world = await World.open();
  t.after(() => world.close());
  const openai = await startFakeProvider({ dialect: 'openai' });
  const anthropic = await startFakeProvider({ dialect: 'anthropic' });
  const azure = await startFakeProvider({ dialect: 'openai' });
  const services = await startTokenServices(t, { podToken: POD_TOKEN.value, token: ACCESS_TOKEN.value });
  world.onClose(() => azure.close());
  world.onClose(() => openai.close());
  world.onClose(() => anthropic.close());
  const collector = await startCollector(t);
  const operator = await world.operator();
  const policy = policyOf({
    providers: {
      openai: { type: 'OpenAI', endpoint: openai.url, credential: 'default/openai/api-key' },
      anthropic: { type: 'Anthropic', endpoint: anthropic.url, credential: 'default/anthropic/api-key' },
      azure: { type: 'OpenAICompatible', endpoint: azure.url, auth: OF_POD },
      refused: { type: 'OpenAICompatible', endpoint: azure.url, auth: OF_POD },
    },
    routes: [
      { models: ['gpt'], targets: [{ provider: 'openai' }] },
      { models: ['claude'], targets: [{ provider: 'anthropic' }] },
      { models: ['azure'], targets: [{ provider: 'azure' }] },
      { models: ['refused'], targets: [{ provider: 'refused' }] },
      { models: ['pair'], targets: [{ provider: 'openai' }], fallbacks: [{ provider: 'anthropic' }] },
    ],
    guardrails: [BLOCK],
    keys: [keyOf('known')],
    budgets: [budgetOf(1_000_000n)],
  });
  const keys = { 'default/openai/api-key': OPENAI_KEY.value, 'default/anthropic/api-key': ANTHROPIC_KEY.value };
  operator.server.publish(WORKLOAD, published(policy, keys));
  const pod = { namespace: 'default', podName: 'pod-1', podUid: 'pod-1', token: 'token-pod-1' };
  const sidecar = spawnSidecar({
    ...injectedEnv({ ...pod, dir: world.dir, operatorPort: operator.port, caPem: world.authority.caPem }),
    [POD_ENV.logLevel]: 'trace',
    [POD_ENV.otlpEndpoint]: collector.url,
    OTEL_EXPORTER_OTLP_HEADERS: `authorization=${encodeURIComponent(OTLP.value)}`,
    ...azureEnv(world.dir, services.url),
  });
  world.onClose(async () => {
    sidecar.kill('SIGKILL');
    await sidecar.ended;
  });
  await until(`serving; ${sidecar.stderr()}`, () => sidecar.ingress() !== undefined);
  await until('acknowledged', () => operator.states.get('pod-1')?.ackedHash === policyHash(policy));
  const url = sidecar.ingress() ?? '';
  const health = `http://127.0.0.1:${sidecar.lines.find(({ msg }) => msg === 'serving')?.health}`;

  const quote = { error: POD_TOKEN.value, error_description: `AADSTS1: ${POD_TOKEN.value}` };
  services.disturb({ status: 400, body: JSON.stringify(quote) });
  const places = {
    'no token': await askOnce(url, 'refused'),
    ...(await provoke({ url, provider: azure, model: 'azure' })),
    ...(await provoke({ url, provider: openai, model: 'gpt' })),
    ...(await provoke({ url, provider: anthropic, model: 'claude' })),
    ...(await provoke({ url, provider: openai, model: 'pair' })),
    ...(await provokeRefusals(url, 'gpt')),
    ...(await provokeByKeys(url, 'gpt', [tokenOf('known'), tokenOf('unknown')])),
    metrics: await (await fetch(`${health}/metrics`)).text(),
  };
  sidecar.kill('SIGTERM');
  assert.equal(await sidecar.ended, 0, sidecar.stderr());

  assert.match(places['no token'], /credential_unavailable/);
  assert.ok(findCanaries([POD_TOKEN], { asked: services.requests[0]?.body ?? '' }).length > 0, 'the pod proved itself');
  const requests = [...openai.requests, ...anthropic.requests, ...azure.requests];
  const sent = JSON.stringify(requests.map(({ headers }) => headers));
  assertClean([POD_TOKEN], { sent });
  for (const key of [OPENAI_KEY, ANTHROPIC_KEY, ACCESS_TOKEN])
    assert.ok(findCanaries([key], { sent }).length > 0, 'keys were used');
  assert.ok(collector.authorizations.includes(OTLP.value), 'the header of the environment was used');
  assert.ok(collector.bodies.join('').includes('upstream_rejected'), 'requests were traced');
  assert.ok(operator.usage.length > 0, 'usage was reported');
  assertClean([CALLER, ...AI_KEYS], { sent });
  assertClean(ALL, {
    ...places,
    stdout: JSON.stringify(sidecar.lines),
    stderr: sidecar.stderr(),
    traces: collector.bodies.join('\n'),
    'reports to the operator': JSON.stringify([operator.usage, [...operator.states.values()]], (_, value) =>
      typeof value === 'bigint' ? String(value) : value,
    ),
    'log of the operator': JSON.stringify(operator.log.lines),
    ...filesIn(join(world.dir, 'journal')),
  });
  const state = filesIn(join(world.dir, 'state'));
  assert.ok(findCanaries([OPENAI_KEY], state).length > 0, 'the last good credentials are kept');
  assertClean([POD_TOKEN, ACCESS_TOKEN, OTLP, CALLER, ...AI_KEYS, ...TEXTS], state);
  assertPrivate(join(world.dir, 'state'));
});
