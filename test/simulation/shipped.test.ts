/** What proves money must run what is shipped: a simulation of a copy proves the copy. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measureSource } from '#tools/measure-source';
import { resolveImport, sourceFiles } from '#tools/source-files';

const FILES = new Map(sourceFiles().map((file) => [file.path, file]));

/** All that a file loads at run time, by whatever way. */
function loadedBy(path: string): ReadonlySet<string> {
  const seen = new Set<string>();
  const waiting = [path];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const file = FILES.get(next);
    if (file === undefined || seen.has(next)) continue;
    seen.add(next);
    for (const { specifier, isType } of measureSource(file).imports) {
      const target = isType ? undefined : resolveImport(next, specifier);
      if (target !== undefined) waiting.push(target.endsWith('.ts') ? target : `${target}.ts`);
    }
  }
  return seen;
}

const MONEY = [
  'treasury/book.ts',
  'treasury/treasury.ts',
  'sidecar/budget/granted-budget-gate.ts',
  'sidecar/budget/wallet.ts',
  'sidecar/budget/journal.ts',
  'sidecar/journal/state-journal.ts',
];
const STREAM = [
  'sidecar/sync/sync-client.ts',
  'sidecar/sync/grant-client.ts',
  'sidecar/sync/usage-reporter.ts',
  'operator/push/pod-streams.ts',
  'operator/push/session.ts',
  'operator/push/grant-requests.ts',
];

const PROVEN_BY: Readonly<Record<string, readonly string[]>> = {
  'test/simulation/simulate.ts': [...MONEY, ...STREAM, 'treasury/stores/cluster/cluster-store.ts'],
  'test/treasury/spender.ts': [...MONEY.slice(2), 'sidecar/journal/journal-file.ts'],
  'test/treasury/kill.test.ts': ['treasury/book.ts', 'treasury/treasury.ts', 'treasury/stores/file/file-store.ts'],
};

for (const [program, shipped] of Object.entries(PROVEN_BY))
  test(`${program} runs the shipped engines, journal and stores`, () => {
    const loaded = loadedBy(program);
    for (const file of shipped) assert.ok(loaded.has(file), `${program} does not load ${file}`);
    // An engine of its own would be named as one that is shipped.
    const names = new Set(shipped.map((file) => file.split('/').at(-1)));
    const copies = [...loaded].filter((file) => file.startsWith('test/') && names.has(file.split('/').at(-1)));
    assert.deepEqual(copies, []);
  });
