/** The guide on failing providers, done as it says. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually } from '#test/operator/eventually';
import { chat, folderFor, startDev } from './remora-process.ts';

const GUIDE = readFileSync(join(import.meta.dirname, '../../docs/guides/resilience.md'), 'utf8');

test('the example of the guide answers every request, tries the failing target less each time, and tells of its breaker', async (t) => {
  const [, yaml = ''] = /```yaml\n(.*?)```/s.exec(GUIDE) ?? [];
  const promised = [...GUIDE.matchAll(/^# (\d+) (\S+) after (\d)(?! attempts)/gm)].map((row) => row.slice(1));
  assert.equal(promised.length, 4);
  const folder = folderFor(t);
  writeFileSync(join(folder, 'answers.yaml'), yaml);
  const remora = await startDev(t, { paths: [folder], state: join(folder, 'state') });
  for (const expected of promised) {
    const { status, headers } = await chat(remora.url, { model: 'answers' });
    assert.deepEqual([String(status), headers.get('x-remora-target'), headers.get('x-remora-attempts')], expected);
  }
  const page = await (await fetch(`${remora.healthUrl}/metrics`)).text();
  const [gauge = ''] = /remora_circuit_breaker_state\{.*\} \d/.exec(GUIDE) ?? [];
  assert.ok(page.includes(gauge), page);
  assert.ok(page.includes('remora_retries_total{route="demo/answers"} 1'), page);
  assert.ok(page.includes('remora_retries_denied_total{route="demo/answers",reason="TargetUnfit"} 1'), page);
  await eventually('it is logged', () => remora.stdout().includes('"msg":"circuit breaker opened"'));
  assert.match(remora.stdout(), /"provider":"demo\/mock","model":"status-503","reason":"3 failures in a row"/);
});

test('the example of a hedge is answered by the second target while the first says nothing', async (t) => {
  const yaml = /```yaml\n((?:(?!```).)*hedge:.*?)```/s.exec(GUIDE)?.[1] ?? '';
  const [, status, target, attempts] = /^# (\d+) (\S+) after (\d) attempts/m.exec(GUIDE) ?? [];
  const folder = folderFor(t);
  writeFileSync(join(folder, 'swift.yaml'), yaml);
  const remora = await startDev(t, { paths: [folder], state: join(folder, 'state') });
  const answer = await chat(remora.url, { model: 'swift' });
  assert.deepEqual(
    [String(answer.status), answer.headers.get('x-remora-target'), answer.headers.get('x-remora-attempts')],
    [status, target, attempts],
  );
  const page = await (await fetch(`${remora.healthUrl}/metrics`)).text();
  assert.ok(page.includes('remora_hedges_total{route="demo/swift",target="mock/echo",outcome="ok"} 1'), page);
  await eventually('it is logged', () => remora.stdout().includes('"target":"mock/stall","outcome":"superseded"'));
});
