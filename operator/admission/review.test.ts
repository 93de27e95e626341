import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { USER_KINDS } from '#contract/resources/kinds';
import { ADMISSION_PATH } from './review.ts';

const template = readFileSync(join(import.meta.dirname, '../../charts/remora/templates/webhook.yaml'), 'utf8');

test('the webhook configurations of the chart name exactly the paths that are served', () => {
  const named = new Set([...template.matchAll(/port: 24111, path: (\S+)\}/g)].map(([, path]) => path));
  assert.deepEqual([...named].toSorted(), Object.values(ADMISSION_PATH).toSorted());
});

test('the chart has every kind that users write judged', () => {
  const [, listed = ''] = /apiGroups: \[remora\.dev\]\n.*\n\s*resources: \[(.*)\]/.exec(template) ?? [];
  assert.deepEqual(listed.split(', ').toSorted(), USER_KINDS.map(({ plural }) => plural).toSorted());
});
