/** `remora dev` with keys in its environment and in a file: neither is in anything that it says, sends or keeps. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { folderFor, startDev } from '#test/cli/remora-process';
import { eventually } from '#test/operator/eventually';
import { startCollector } from '#test/support/otlp-collector';
import { startFakeProvider } from '#test/support/providers/fake-provider';
import { assertClean, canaryOf, findCanaries } from './canary.ts';
import { filesIn } from './folder.ts';
import { ANSWER, CALLER, FORBIDDEN, PROMPT, provoke, provokeRefusals } from './traffic.ts';

const OF_ENVIRONMENT = canaryOf('key-of-environment');
const OF_FILE = canaryOf('key-of-file');
const OTLP = canaryOf('otlp-header');
const ALL = [OF_ENVIRONMENT, OF_FILE, OTLP, CALLER, PROMPT, ANSWER];

const object = (kind: string, name: string, spec: object): string =>
  JSON.stringify({ apiVersion: 'remora.dev/v1alpha1', kind, metadata: { name }, spec });

const secret = (value: string): string => `{"apiVersion": v1, "kind": Secret, "metadata": {"name": file}, ${value}}`;

/** Ways to spoil the file that holds a key, each of which has to be said. */
const SPOILED: readonly string[] = [
  secret(`"stringData": {"api-key": [${JSON.stringify(OF_FILE.value)}]}`),
  secret(`"stringData": {"api-key": ${JSON.stringify(OF_FILE.value)}`),
  secret(`"stringData": ${JSON.stringify(OF_FILE.value)}`),
  `kind: Secret\nstringData:\n  api-key: |${OF_FILE.value}\n`,
  `kind: Secret\n  api-key: *${OF_FILE.value}\n`,
];

test('keys of the environment and of files, prompts and answers are in no output, metric, trace, error or state of remora dev', async (t) => {
  const folder = folderFor(t);
  const collector = await startCollector(t);
  const openai = await startFakeProvider({ dialect: 'openai' });
  const anthropic = await startFakeProvider({ dialect: 'anthropic' });
  t.after(() => openai.close());
  t.after(() => anthropic.close());
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  const auth = (name: string) => ({ secretRef: { name, key: 'api-key' } });
  const block = { name: 'words', stage: 'Input', action: 'Block', patterns: [FORBIDDEN] };
  const objects = [
    object('AIProvider', 'openai', { type: 'OpenAI', endpoint: openai.url, auth: auth('openai') }),
    object('AIProvider', 'file', { type: 'Anthropic', endpoint: anthropic.url, auth: auth('file') }),
    object('AIRoute', 'gpt', { targets: [{ model: 'openai/gpt', maxRetries: 0 }] }),
    object('AIRoute', 'claude', { targets: [{ model: 'file/claude', maxRetries: 0 }] }),
    object('AIBudget', 'caps', { limits: [{ name: 'all', tokens: 10_000_000, every: 'Month' }] }),
    object('AIPolicy', 'words', { guardrails: [block] }),
  ];
  write('objects.yaml', objects.join('\n---\n'));
  write('secret.yaml', secret(`"stringData": {"api-key": ${JSON.stringify(OF_FILE.value)}}`));
  const state = join(folder, 'state');
  const remora = await startDev(t, {
    paths: [folder],
    state,
    flags: ['--log-level', 'trace'],
    env: {
      OPENAI_API_KEY: OF_ENVIRONMENT.value,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_HEADERS: `authorization=${encodeURIComponent(OTLP.value)}`,
    },
  });
  const { url } = remora;
  const places = {
    ...(await provoke({ url, provider: openai, model: 'gpt' })),
    ...(await provoke({ url, provider: anthropic, model: 'claude' })),
    ...(await provokeRefusals(url, 'gpt')),
    metrics: await (await fetch(`${remora.healthUrl}/metrics`)).text(),
  };
  for (const [index, text] of SPOILED.entries()) {
    write('secret.yaml', text);
    const refusals = () => remora.stderr().split('Refused;').length - 1;
    await eventually(`spoiled file ${index} is refused`, () => refusals() > index);
  }
  remora.signal('SIGTERM');
  const { code, stdout, stderr } = await remora.ended;
  assert.equal(code, 0, stderr);
  const sent = JSON.stringify([...openai.requests, ...anthropic.requests].map(({ headers }) => headers));
  for (const key of [OF_ENVIRONMENT, OF_FILE])
    assert.ok(findCanaries([key], { sent }).length > 0, `${key.slot} was used`);
  assert.ok(stdout.includes('"outcome":"upstream_rejected"'), 'requests were logged');
  assert.ok(collector.authorizations.includes(OTLP.value), 'traces were sent');
  assertClean(ALL, { ...places, stdout, stderr, traces: collector.bodies.join('\n'), ...filesIn(state) });
});
