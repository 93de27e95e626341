import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePorts } from '#test/support/free-ports';
import { folderFor, runRemora } from './remora-process.ts';

test('a correction logs into the cluster once, though it asks who runs it, too', async (t) => {
  const folder = folderFor(t);
  const [port] = await freePorts(1);
  const logins = join(folder, 'logins');
  const credential = { apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: { token: 'a' } };
  const login = `require('node:fs').appendFileSync(${JSON.stringify(logins)}, '.'); console.log(${JSON.stringify(JSON.stringify(credential))})`;
  const exec = { apiVersion: credential.apiVersion, command: process.execPath, args: ['-e', login] };
  const kubeconfig = join(folder, 'kubeconfig');
  const config = {
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'c' },
    clusters: [{ name: 'c', cluster: { server: `https://127.0.0.1:${port}` } }],
    users: [{ name: 'u', user: { exec } }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
  };
  writeFileSync(kubeconfig, JSON.stringify(config));
  const prices = join(folder, 'prices.yaml');
  writeFileSync(prices, 'inputTokens: 1\n');
  const which = ['--provider', 'shop/openai', '--model', 'm', '--from', '2026-01-01', '--to', '2026-02-01'];
  const { stderr } = await runRemora(t, ['report', 'rerate', ...which, '--prices', prices, '--kubeconfig', kubeconfig]);
  assert.match(stderr, /^https:\S+ cannot be reached: connect ECONNREFUSED/);
  assert.equal(readFileSync(logins, 'utf8'), '.');
});
