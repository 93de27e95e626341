import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PORT } from '#contract/names/api';
import { POD_ENV, POD_PATH } from '#contract/names/pod';
import { ensureAuthority } from '#operator/trust/certificate-authority';
import { EnvironmentError, readEnvironment } from './environment.ts';

const { caPem } = await ensureAuthority({ read: async () => undefined, create: async () => 'created' });
const INJECTED = {
  [POD_ENV.operatorAddress]: 'remora.remora-system.svc:24110',
  [POD_ENV.caPem]: caPem,
  [POD_ENV.podName]: 'app-1',
  [POD_ENV.podUid]: 'uid',
  [POD_ENV.podNamespace]: 'shop',
};

test('what injection leaves out has the documented defaults', () => {
  const read = readEnvironment({ ...INJECTED, [POD_ENV.otlpEndpoint]: '' });
  assert.equal(read.start, 'wait');
  assert.equal(read.ingressPort, PORT.ingress);
  assert.equal(read.healthPort, PORT.sidecarHealth);
  assert.equal(read.tokenFile, POD_PATH.tokenFile);
  assert.equal(read.stateDir, POD_PATH.stateDir);
  assert.equal(read.otlpEndpoint, undefined);
  assert.equal(read.maxRequests, undefined);
  assert.equal(readEnvironment({ ...INJECTED, [POD_ENV.maxRequests]: '2500' }).maxRequests, 2_500);
  assert.equal(read.drainMs, 25_000);
  assert.equal(readEnvironment({ ...INJECTED, [POD_ENV.drainSeconds]: '55' }).drainMs, 55_000);
});

test('a missing or wrong variable is named, with what to do', () => {
  const wrong = (change: Record<string, string | undefined>, says: RegExp): void => {
    assert.throws(
      () => readEnvironment({ ...INJECTED, ...change }),
      (error) => error instanceof EnvironmentError && says.test(error.message),
    );
  };
  for (const name of Object.keys(INJECTED)) wrong({ [name]: undefined }, new RegExp(`^${name} is not set`));
  wrong({ [POD_ENV.start]: 'later' }, /REMORA_START is "later": use one of wait, degraded/);
  wrong({ [POD_ENV.healthPort]: '70000' }, /REMORA_HEALTH_PORT is "70000"/);
  wrong({ [POD_ENV.ingressPort]: '-1' }, /REMORA_INGRESS_PORT/);
  wrong(
    { [POD_ENV.operatorAddress]: 'https://remora' },
    /REMORA_OPERATOR_ADDRESS is "https:\/\/remora": use host:port/,
  );
  wrong({ [POD_ENV.caPem]: 'none' }, /REMORA_CA_PEM holds no PEM certificate/);
  wrong({ [POD_ENV.maxRequests]: '0' }, /REMORA_MAX_REQUESTS is "0": use a number from 1 to 99999/);
  wrong({ [POD_ENV.drainSeconds]: '-1' }, /REMORA_DRAIN_SECONDS is "-1": use seconds from 0 to 99999/);
  wrong({ [POD_ENV.logLevel]: 'loud' }, /REMORA_LOG_LEVEL/);
});
