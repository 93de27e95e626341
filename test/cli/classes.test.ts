/** The example of a route that goes by what requests ask, run as a user runs it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { resource } from '#contract/resources/kinds';
import { eventually } from '#test/operator/eventually';
import { folderFor, startDev } from './remora-process.ts';

const SIMPLE = 'What is the capital of Norway?';
const HARD =
  'Derive the equilibrium of the two-stage game, prove that it is unique, and analyse which assumptions it depends on and how robust the result is.';
const CODE = 'Write a TypeScript function that parses a CSV file, with unit tests.';

test('the example sends simple requests that somebody waits for to the small model, code to the coder, hard ones to the strong one', async (t) => {
  const folder = folderFor(t);
  const remora = await startDev(t, { paths: ['examples'], state: join(folder, 'state') });
  const targetOf = async (content: string, headers: Record<string, string> = {}) => {
    const response = await fetch(`${remora.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ model: 'smart', messages: [{ role: 'user', content }] }),
    });
    await response.arrayBuffer();
    return response.headers.get('x-remora-target');
  };
  assert.equal(await targetOf(SIMPLE, { 'x-remora-latency': 'realtime' }), 'mock/small');
  assert.equal(await targetOf(SIMPLE), 'mock/medium');
  assert.equal(await targetOf(CODE), 'mock/coder');
  assert.equal(await targetOf(HARD), 'mock/strong');
  assert.equal(await targetOf(HARD, { 'x-remora-tier': 'trial' }), 'mock/small');

  const line = await eventually('the log says what the request was', () =>
    /^\{.*"task":"reasoning","complexity":"complex","latency":"batch","because":\[.*$/m.exec(remora.stdout()),
  );
  assert.equal(JSON.parse(line[0]).target, 'mock/strong');
});

test('the guide shows the example as it is, and its other AIRoutes are accepted as they stand', () => {
  const guide = readFileSync('docs/guides/classification.md', 'utf8');
  const [first, ...others] = [...guide.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, text = '']) => parse(text));
  assert.deepEqual(first, parse(readFileSync('examples/6-classes.yaml', 'utf8')));
  assert.equal(others.length, 1);
  for (const other of others) {
    const parsed = resource.safeParse({ ...first, ...other });
    assert.ok(parsed.success, parsed.error?.message);
  }
});
