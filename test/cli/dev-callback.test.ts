/** Callbacks on a laptop: the key comes from the environment by name, and results outlive the process. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { eventually } from '#test/operator/eventually';
import { answerOf, idOf, isSigned, look, SIGNING_KEY, startReceiver, submit } from '#test/sidecar/callback/stage';
import { folderFor, startDev } from './remora-process.ts';

const filesWith = (allow: string): string => `apiVersion: remora.dev/v1alpha1
kind: AIProvider
metadata: {name: mock, namespace: demo}
spec: {type: Mock}
---
apiVersion: remora.dev/v1alpha1
kind: AIRoute
metadata: {name: chat, namespace: demo}
spec:
  targets: [{model: mock/echo}]
  callback: {allow: ["${allow}"], signingSecretRef: {name: hooks}}
`;

async function laptop(t: TestContext) {
  const receiver = await startReceiver({ after: (close) => t.after(close) });
  const folder = folderFor(t);
  writeFileSync(join(folder, 'ai.yaml'), filesWith(receiver.url));
  const start = (env: Readonly<Record<string, string>> = {}) =>
    startDev(t, { paths: ['ai.yaml'], state: join(folder, 'state'), cwd: folder, env });
  return { receiver, start };
}

test('remora dev posts results signed with the key of the environment, and has them after a restart', async (t) => {
  const { receiver, start } = await laptop(t);
  const first = await start({ HOOKS_SIGNING_KEY: SIGNING_KEY });
  const id = idOf(await submit(first, `${receiver.url}/done`));
  const { body } = await answerOf(first, id);
  await eventually('it is posted', () => receiver.posts.length === 1);
  assert.ok(receiver.posts.every((post) => isSigned(post)));
  first.signal('SIGTERM');
  const { stdout, stderr } = await first.ended;
  assert.ok(!(stdout + stderr).includes(SIGNING_KEY));
  const second = await start({ HOOKS_SIGNING_KEY: SIGNING_KEY });
  assert.equal((await look(second, id)).body, body);
});

test('remora dev without the key says which variable to set, and results can still be fetched', async (t) => {
  const { receiver, start } = await laptop(t);
  const remora = await start();
  assert.match(remora.stderr(), /AIRoute demo\/chat: no key; set HOOKS_SIGNING_KEY to have results posted/);
  assert.equal((await submit(remora, `${receiver.url}/done`)).status, 503);
  assert.equal((await answerOf(remora, idOf(await submit(remora, 'fetch')))).status, 200);
});
