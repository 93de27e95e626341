import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import type { Json } from '#contract/policy/canonical-json';
import { masked, specDigest } from './audit-mask.ts';

test('what may be a secret is masked wherever it stands', () => {
  const spec: Json = {
    endpoint: 'https://ann:hunter2@models.example.com/v1?key=hunter2&v=1',
    headers: [
      { name: 'Authorization', value: 'hunter2' },
      { name: 'x-team', value: 'growth' },
    ],
    more: { 'x-api-key': 'hunter2', password: 'hunter2', accessToken: 'hunter2' },
    stopReason: 'leaked sk-proj-hunter2hunter2hunter2 and Bearer hunter2hunter2, AKIAHUNTER2HUNTER22X',
  };
  const text = JSON.stringify(masked(spec));
  assert.doesNotMatch(text, /hunter2/i, text);
  assert.match(text, /models\.example\.com\/v1\?key=\[redacted\]/);
  assert.match(text, /"growth"/);
});

test('names of Secrets, models and durations stay, as in every example', () => {
  const kept: Json = {
    auth: { secretRef: { name: 'openai', key: 'api-key' } },
    timeouts: { firstToken: '5s' },
    targets: [{ model: 'east/Qwen3-235B-A22B-Instruct-2507-FP8' }, { model: 'bedrock/us.vendor.model-20241022-v2:0' }],
  };
  assert.deepEqual(masked(kept), kept);
  const folder = join(import.meta.dirname, '../../examples');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.yaml'));
  const specs = files.flatMap((name) =>
    parseAllDocuments(readFileSync(join(folder, name), 'utf8')).map((document) => document.toJS()?.spec ?? null),
  );
  assert.ok(specs.length > 5);
  for (const spec of specs) assert.deepEqual(masked(spec), spec);
});

test('a digest is of what is masked, too, and of no order of members', () => {
  assert.notEqual(specDigest({ password: 'a' }), specDigest({ password: 'b' }));
  assert.equal(specDigest({ a: 1, b: 2 }), specDigest({ b: 2, a: 1 }));
});
