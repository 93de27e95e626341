import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseYaml } from './yaml-text.ts';

const KEY = 'planted4f9c1e7d';

/** What may stand next to a key by mistake. */
const SIGNS = '{ } [ ] " \' & * ! | > % @ ` : , # - ? \\ \\q !! !< --- ...'
  .split(' ')
  .concat('', ': ', '\t', '\n', '\u0007');

/** Ways in which a Secret holds the key, of which most are wrong. */
const texts = (key: string): string[] => [
  `kind: Secret\nstringData:\n  api-key: ${key}\n`,
  `kind: Secret\nstringData: {api-key: "${key}"}\n`,
  `kind: Secret\nstringData: {api-key: ${key}, other: 1}\n`,
  `kind: Secret\nstringData:\n  api-key: a\n ${key}\n`,
  `kind: Secret\nstringData:\n${key}: a\n`,
  `${key}\n---\nkind: Secret\n`,
];

test('parseYaml() says what is wrong with a file and never quotes it, since it may hold a key', (t) => {
  const warnings: string[] = [];
  const listen = (warning: Error): void => void warnings.push(warning.message);
  const emit = t.mock.method(process, 'emitWarning', (warning: string | Error) =>
    listen(warning instanceof Error ? warning : new Error(warning)),
  );
  const reasons = new Set<string>();
  for (const before of SIGNS)
    for (const after of SIGNS)
      for (const text of texts(`${before}${KEY}${after}`))
        for (const { reason } of parseYaml(text).faults) reasons.add(reason);
  emit.mock.restore();
  assert.ok(reasons.size > 10, 'many things are wrong');
  assert.deepEqual(
    [...reasons, ...warnings].filter((words) => words.includes(KEY.slice(0, 7))),
    [],
  );
  for (const reason of reasons) assert.match(reason, /^(is not YAML: [A-Z]|uses an anchor|is nested)/);
});

test('parseYaml() keeps the words of the parser that say what to mend', () => {
  const reasonOf = (text: string) => parseYaml(text).faults[0]?.reason;
  assert.equal(reasonOf('a: 1\na: 2\n'), 'is not YAML: Map keys must be unique');
  assert.equal(reasonOf('a: {"b" "c"}\n'), 'is not YAML: Missing , or : between flow map items');
  assert.equal(reasonOf('a: !x!\n'), 'is not YAML: The tag has no suffix');
  assert.equal(reasonOf('a: |b\n'), 'is not YAML: Block scalar header includes extra characters');
});
