import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { conditionsOf } from '#contract/compile/compile';
import { ResourceIndex } from '#contract/compile/resource-index';
import { type FilesReading, type ReadOptions, readFiles } from './read-files.ts';
import { watchFiles } from './watch-files.ts';

async function folderWith(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'remora-files-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

/** Reads one file and leaves its folder out of every line. */
async function read(t: TestContext, text: string, options: ReadOptions = { env: {} }): Promise<FilesReading> {
  const folder = await folderWith(t, { 'a.yaml': text });
  const reading = await readFiles([folder], options);
  const short = (lines: readonly string[]): string[] => lines.map((line) => line.replace(`${folder}/`, ''));
  return { ...reading, notes: short(reading.notes), errors: short(reading.errors) };
}

const route = (spec: string, metadata = '{name: chat}'): string =>
  `apiVersion: remora.dev/v1alpha1\nkind: AIRoute\nmetadata: ${metadata}\nspec:\n${spec}\n`;

test('readFiles() reads the documents of all files of a folder, with defaults and the default namespace', async (t) => {
  const folder = await folderWith(t, {
    '1.yaml': `# a comment\n---\n${route('  targets: [{model: mock/a}]')}---\n`,
    '2.yml': 'apiVersion: v1\nkind: Namespace\nmetadata: {name: demo, labels: {remora.dev/team: a}}\n',
    'notes.txt': 'not: [yaml',
    '3.json': '{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"app"}}',
  });
  const reading = await readFiles([folder], { env: {}, defaultNamespace: 'here' });
  assert.deepEqual(reading.errors, []);
  const [resource] = reading.resources;
  assert.ok(resource?.kind === 'AIRoute');
  assert.deepEqual([resource.metadata.namespace, resource.spec.targets?.[0]?.maxRetries], ['here', 1]);
  assert.deepEqual(reading.namespaces, [{ name: 'demo', labels: { 'remora.dev/team': 'a' } }]);
  assert.deepEqual([...reading.origins], [['AIRoute/here/chat', `${join(folder, '1.yaml')}:3`]]);
  assert.deepEqual(reading.notes, [`${join(folder, '3.json')}:1: Deployment (apps/v1) is not read here`]);
});

const WRONG: readonly (readonly [string, string, readonly string[]])[] = [
  [
    'a wrong value',
    route('  targets:\n  - {model: mock/a}\n  - model: gpt-4o'),
    [
      'a.yaml:7: spec.targets[1].model: must be "provider/model": the name of an AIProvider, a slash, and a model without spaces',
    ],
  ],
  [
    'an unknown field, with the known ones',
    route('  targets:\n  - model: mock/a\n    retries: 3'),
    [
      'a.yaml:7: spec.targets[0].retries: is not a field here; known are model, weight, maxRetries, timeouts, circuitBreaker',
    ],
  ],
  [
    'an unknown field of metadata',
    route('  targets: [{model: mock/a}]', '\n  name: chat\n  namspace: x'),
    [
      'a.yaml:5: metadata.namspace: is not a field here; known are annotations, creationTimestamp, deletionGracePeriodSeconds, deletionTimestamp, finalizers, generateName, generation, labels, managedFields, name, namespace, ownerReferences, resourceVersion, selfLink, uid',
    ],
  ],
  [
    'a missing field, at the line of its parent',
    route('  rules:\n  - match: {models: [a]}'),
    ['a.yaml:6: spec.rules[0].targets: is required'],
  ],
  [
    'a rule over several fields',
    route('  timeouts: {}'),
    ['a.yaml:4: spec: exactly one of targets and rules must be set'],
  ],
  [
    'an expression, with its place',
    route('  rules:\n  - when: request.nope == 1\n    targets: [{model: mock/a}]'),
    [
      'a.yaml:6: spec.rules[0].when: line 1, column 1: request has no "nope"; it has model, dialect, operation, stream, inputTokens, turns, hasTools, hasImages, hasCode, prompt, system, headers, pii, piiKinds, task, complexity, latency, costClass',
    ],
  ],
  [
    'an object that is there twice, with the first place',
    `${route('  targets: [{model: mock/a}]')}---\n${route('  targets: [{model: mock/b}]')}`,
    ['a.yaml:9: metadata.name: AIRoute chat is already at a.yaml:1'],
  ],
  ['text that is no YAML', 'a: 1\na: 2\n', ['a.yaml:2: is not YAML: Map keys must be unique']],
  ['an object without a kind', 'apiVersion: v1\nmetadata: {name: a}\n', ['a.yaml:1: kind: is required']],
  ['a list', '- 1\n', ['a.yaml:1: must be an object with fields']],
  [
    'another version',
    'apiVersion: remora.dev/v2\nkind: AIRoute\nmetadata: {name: a}\n',
    ['a.yaml:1: apiVersion: must be remora.dev/v1alpha1'],
  ],
  [
    'an unknown kind of our group',
    'apiVersion: remora.dev/v1alpha1\nkind: AIRout\nmetadata: {name: a}\n',
    ['a.yaml:2: kind: must be one of AIProvider, AIRoute, AIBudget, AIPolicy, AIKey'],
  ],
  [
    "the operator's own kind",
    'apiVersion: remora.dev/v1alpha1\nkind: AIBudgetLedger\nmetadata: {name: a}\n',
    ['a.yaml:2: kind: AIBudgetLedger is written by the operator and cannot be given'],
  ],
  ['too many aliases', `a: &a [1]\nb: [${'*a, '.repeat(101)}]\n`, ['a.yaml:1: uses anchors more than 100 times']],
  ['nesting without end', '['.repeat(50_000), ['a.yaml:1: is nested too deeply to be read']],
  ['a file that is too large', `# ${'x'.repeat(1024 * 1024)}`, ['a.yaml: is larger than 1048576 bytes']],
];

for (const [what, text, errors] of WRONG)
  test(`readFiles() names file, line, field and reason of ${what}`, async (t) => {
    const reading = await read(t, text);
    assert.deepEqual(
      reading.errors.map((error) => error.replaceAll(/\/\S+\//g, '')),
      errors.map((error) => error.replaceAll(/\/\S+\//g, '')),
    );
  });

test('the examples are right, and all of them are accepted together', async () => {
  const reading = await readFiles([join(import.meta.dirname, '../../examples')], { env: {} });
  assert.deepEqual(reading.errors, []);
  const index = new ResourceIndex({ platformNamespaces: ['remora-system'] });
  for (const resource of reading.resources) index.apply(resource);
  const refused = [...conditionsOf(index.snapshot())].flatMap(([key, conditions]) =>
    conditions
      .filter(({ type, status }) => type === 'Accepted' && status !== 'True')
      .map(({ message }) => [key, message]),
  );
  assert.deepEqual(refused, []);
});

test('readFiles() names a path that does not exist and a folder without manifests', async (t) => {
  const folder = await folderWith(t, {});
  const missing = join(folder, 'none');
  const { errors } = await readFiles([missing, folder], { env: {} });
  assert.deepEqual(errors, [`${missing}: no such file or folder`, `${folder}: holds no .yaml file`]);
});

const SECRET = `apiVersion: v1
kind: Secret
metadata: {name: keys}
data: {plain: aGVsbG8=, both: b2xk}
stringData:
  both: new
  openai: "\${OPENAI_API_KEY}"
  url: "https://\${HOST}/x"
  missing: \${NOT_SET}
`;

test('a Secret takes variables from the environment; a key whose variable is unset is left out, saying so', async (t) => {
  const reading = await read(t, SECRET, { env: { OPENAI_API_KEY: 'sk-1\n', HOST: 'h', NOT_SET: '' } });
  assert.deepEqual(reading.errors, []);
  assert.deepEqual(Object.fromEntries(reading.secrets[0]?.values ?? []), {
    plain: 'hello',
    both: 'new',
    openai: 'sk-1',
    url: 'https://h/x',
  });
  assert.deepEqual(reading.notes, ['a.yaml:9: Secret default/keys: no missing, since NOT_SET is not set']);
});

const PROVIDER = (name: string): string =>
  `apiVersion: remora.dev/v1alpha1\nkind: AIProvider\nmetadata: {name: ${name}}\nspec: {type: OpenAI, auth: {secretRef: {name: ${name}}}}\n`;

test('a key that no file holds comes from the variable that is named after it', async (t) => {
  const text = `${PROVIDER('openai')}---\n${PROVIDER('my-llm')}`;
  const reading = await read(t, text, { env: { OPENAI_API_KEY: 'sk-1' } });
  assert.deepEqual(reading.secrets, [{ namespace: 'default', name: 'openai', values: new Map([['api-key', 'sk-1']]) }]);
  assert.deepEqual(reading.notes, ['AIProvider default/my-llm: no key; set MY_LLM_API_KEY to use it']);
});

test('watchFiles() tells of a change in a folder and of a file that is replaced, and is silent after close()', async (t) => {
  const folder = await folderWith(t, { 'a.yaml': '1', 'b.yaml': '1' });
  let heard = Promise.withResolvers<void>();
  let calls = 0;
  const onChange = (): void => {
    calls++;
    heard.resolve();
  };
  const watches = [folder, join(folder, 'b.yaml')].map((path) => watchFiles([path], onChange, { debounceMs: 1 }));
  await writeFile(join(folder, 'b.yaml'), '2');
  await heard.promise;
  await watches[0]?.close();
  heard = Promise.withResolvers<void>();
  await writeFile(join(folder, 'b.yaml'), '3');
  await heard.promise;
  await watches[1]?.close();
  const before = calls;
  await writeFile(join(folder, 'b.yaml'), '4');
  await readFiles([folder], { env: {} });
  assert.equal(calls, before);
});

test('watchFiles() never calls twice at a time, and again for a change during a call', async (t) => {
  const folder = await folderWith(t, { 'a.yaml': '0' });
  const [first, second, release] = [
    Promise.withResolvers<void>(),
    Promise.withResolvers<void>(),
    Promise.withResolvers<void>(),
  ];
  let atOnce = 0;
  let calls = 0;
  const watching = watchFiles(
    [folder],
    async () => {
      calls++;
      assert.equal(++atOnce, 1);
      if (calls === 1) {
        first.resolve();
        await release.promise;
      } else second.resolve();
      atOnce--;
    },
    { debounceMs: 1 },
  );
  await writeFile(join(folder, 'a.yaml'), '1');
  await first.promise;
  await writeFile(join(folder, 'a.yaml'), '2');
  release.resolve();
  await second.promise;
  await watching.close();
});
