import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ADMISSION_PATH } from './review.ts';

test('the webhook configuration of the chart names exactly the paths that are served', () => {
  const template = readFileSync(join(import.meta.dirname, '../../charts/remora/templates/webhook.yaml'), 'utf8');
  const named = new Set([...template.matchAll(/port: 24111, path: (\S+)\}/g)].map(([, path]) => path));
  assert.deepEqual([...named].toSorted(), Object.values(ADMISSION_PATH).toSorted());
});
