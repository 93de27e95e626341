import assert from 'node:assert/strict';
import { test } from 'node:test';
import { breachesOf } from './check-structure.ts';

const breaches = (path: string, text: string) => breachesOf({ path, text });

test('a sidecar file that imports the operator is a breach', () => {
  assert.match(
    breaches('sidecar/pipeline/x.ts', "import { a } from '#operator/push/push-server';\n")[0] ?? '',
    /may not import operator\/push/,
  );
});

test('the history knows none of those that keep one', () => {
  for (const keeper of ['operator/https/listener', 'sidecar/time/timers', 'cli/user-error'])
    assert.equal(breaches('history/x.ts', `import { a } from '#${keeper}';\n`).length, 1, keeper);
  for (const path of ['operator/audit/x.ts', 'cli/report/x.ts'])
    assert.deepEqual(breaches(path, "import { a } from '#history/history-store';\n"), []);
});

test('a lazy import counts like any other', () => {
  assert.equal(breaches('contract/names/x.ts', "const a = await import('#sidecar/sidecar');\n").length, 1);
});

test('a parent path is a breach even inside one room', () => {
  assert.match(
    breaches('sidecar/providers/openai/x.ts', "import { a } from '../adapter.ts';\n")[0] ?? '',
    /use an alias/,
  );
});

test('a pure room may not read the clock or the file system', () => {
  assert.match(breaches('contract/compile/x.ts', 'export const t = () => Date.now();\n')[0] ?? '', /is pure/);
  assert.match(breaches('sidecar/dialects/x.ts', "import { readFileSync } from 'node:fs';\n")[0] ?? '', /is pure/);
});

test('an allowed arrow is no breach', () => {
  assert.deepEqual(
    breaches(
      'sidecar/providers/openai/x.ts',
      "import type { A } from '#sidecar/canonical/part';\nimport { b } from './y.ts';\n",
    ),
    [],
  );
});
