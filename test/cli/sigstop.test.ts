/**
 * A process that is stopped (SIGSTOP, a frozen container, a suspended machine) blames no provider for it. A second process with the same
 * policy is the clock: when its breaker has opened, the stopped one has stood still for longer than it gives its target.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { eventually } from '#test/operator/eventually';
import { countOf } from '#test/support/counts';
import { startFakeProvider } from '#test/support/providers/fake-provider';
import { chat, type DevProcess, folderFor, oneProvider, startDev } from './remora-process.ts';

const STOPPED_SECONDS = countOf('secondsStopped');
const REQUESTS = 4;

const ROUTE = `{targets: [{model: p/m, maxRetries: 0}], timeouts: {firstToken: ${STOPPED_SECONDS}s}, circuitBreaker: {consecutiveFailures: 1}}`;

interface Side {
  readonly remora: DevProcess;
  readonly provider: Awaited<ReturnType<typeof startFakeProvider>>;
  readonly answers: readonly ReturnType<typeof chat>[];
  release(): void;
}

/** A process of its own before a provider of its own, which holds back the head of all answers. */
async function startSide(t: TestContext): Promise<Side> {
  const provider = await startFakeProvider({ dialect: 'openai' });
  t.after(() => provider.close());
  const held = Promise.withResolvers<void>();
  t.after(() => held.resolve());
  provider.respondWith({ holdHead: held.promise });
  const folder = folderFor(t);
  writeFileSync(join(folder, 'remora.yaml'), oneProvider(provider.url, ROUTE));
  const remora = await startDev(t, { paths: ['remora.yaml'], state: join(folder, 'state'), cwd: folder });
  const answers = Array.from({ length: REQUESTS }, () => chat(remora.url, { model: 'chat' }));
  await eventually('the provider has the requests', () => provider.requests.length === REQUESTS);
  return { remora, provider, answers, release: held.resolve };
}

const breakers = async ({ remora }: Side): Promise<string> =>
  (await (await fetch(`${remora.healthUrl}/metrics`)).text())
    .split('\n')
    .filter((line) => line.startsWith('remora_circuit_breaker_state{'))
    .join('\n');

test(`a process that is stopped for ${STOPPED_SECONDS} s, longer than it waits for a first token, opens no breaker and answers all requests`, async (t) => {
  const stopped = await startSide(t);
  stopped.remora.signal('SIGSTOP');
  const clock = await startSide(t);
  await eventually('the breaker of the process that runs opens', async () => / 2$/.test(await breakers(clock)));
  for (const { status } of await Promise.all(clock.answers)) assert.equal(status, 504);

  stopped.remora.signal('SIGCONT');
  stopped.release();
  for (const { status, text } of await Promise.all(stopped.answers)) assert.equal(status, 200, text);
  assert.equal(await breakers(stopped), '');
  assert.equal(stopped.provider.requests.length, REQUESTS, 'none was sent again');
  assert.doesNotMatch(stopped.remora.stdout(), /circuit breaker/);
});
