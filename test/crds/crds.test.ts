import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { API_GROUP_VERSION } from '#contract/names/api';
import type { KindDefinition } from '#contract/resources/fields';
import { ALL_KINDS, resource, USER_KINDS } from '#contract/resources/kinds';
import { type ApiServer, messageOf, requireApiServer } from '#test/support/api-server';
import { kindSchema } from '#tools/crd/custom-resource-definition';
import type { StructuralSchema } from '#tools/crd/structural-schema';
import { breachesOf } from './breaches.ts';
import { CASES, type Written } from './cases.ts';

const STRICT_DRY_RUN = 'dryRun=All&fieldValidation=Strict';

const collection = (kind: KindDefinition, namespace = 'default'): string =>
  `/apis/${API_GROUP_VERSION}/namespaces/${namespace}/${kind.plural}`;

const create = (server: ApiServer, kind: KindDefinition, body: unknown) =>
  server.request({ method: 'POST', path: `${collection(kind)}?${STRICT_DRY_RUN}`, body });

/** As the file reader gives it to zod: with the namespace that the API server would fill in. */
const parseFile = (object: Written) =>
  resource.safeParse({ ...object, metadata: { namespace: 'default', ...object.metadata } });

/** Every CEL rule of a schema, with where it stands. */
function sentencesOf(schema: StructuralSchema): string[] {
  const children = [...Object.values(schema.properties ?? {}), ...(schema.items === undefined ? [] : [schema.items])];
  return [
    ...(schema['x-kubernetes-validations'] ?? []).map(({ message }) => message),
    ...children.flatMap(sentencesOf),
  ];
}

/** Paths of what has no upper bound, each with its type. */
function unboundedIn(schema: StructuralSchema, path: string): string[] {
  const { type = '', items, additionalProperties, properties = {} } = schema;
  const bounds: Record<string, unknown> = {
    array: schema.maxItems,
    string: schema.maxLength ?? schema.enum,
    integer: schema.maximum,
    object: additionalProperties === undefined ? 'closed' : schema.maxProperties,
  };
  const own = type in bounds && bounds[type] === undefined ? [`${path} ${type}`] : [];
  const below = Object.entries({
    ...properties,
    ...(items && { '[]': items }),
    ...(additionalProperties && { '*': additionalProperties }),
  });
  return [...own, ...below.flatMap(([name, child]) => unboundedIn(child, `${path}.${name}`))];
}

describe('case files', () => {
  for (const { name, kind, object, sentence } of CASES)
    it(`${name}: the API server and zod agree`, async (t) => {
      const server = await requireApiServer(t);
      if (server === undefined) return;
      await server.applyCrds();
      const answer = await create(server, kind, object);
      const parsed = parseFile(object);
      if (sentence === undefined) {
        assert.equal(answer.status, 201, messageOf(answer));
        assert.ok(parsed.success, parsed.error?.message);
        const stored = answer.body as Written;
        assert.deepEqual(stored.spec, JSON.parse(JSON.stringify(parsed.data.spec)), 'defaults differ');
        return;
      }
      assert.equal(answer.status, 422, messageOf(answer));
      assert.ok(messageOf(answer).includes(sentence), `expected "${sentence}" in: ${messageOf(answer)}`);
      assert.ok(!parsed.success, 'zod accepts what the API server refuses');
      if (!sentencesOf(kindSchema(kind)).includes(sentence)) return;
      const messages = parsed.error.issues.map((issue) => issue.message);
      assert.ok(messages.includes(sentence), `zod says instead: ${messages.join('; ')}`);
    });
});

for (const kind of USER_KINDS)
  describe(kind.kind, () => {
    const own = CASES.filter((candidate) => candidate.kind === kind);

    it('has a reject case for the sentence of every CEL rule', () => {
      const said = new Set(own.map(({ sentence }) => sentence));
      const silent = new Set(sentencesOf(kindSchema(kind)).filter((sentence) => !said.has(sentence)));
      assert.deepEqual([...silent], []);
    });

    it('refuses whatever breaks any one bound of any field, on both sides, and names the field', async (t) => {
      const server = await requireApiServer(t);
      if (server === undefined) return;
      await server.applyCrds();
      const examples = own.filter(({ sentence }) => sentence === undefined).map(({ object }) => object);
      const breaches = breachesOf(kind, examples);
      assert.ok(breaches.length > 30, `only ${breaches.length} bounds`);
      for (const { name, path, object, message } of breaches) {
        const answer = await create(server, kind, object);
        const said = messageOf(answer);
        assert.ok(answer.status >= 400 && answer.status < 500, `${name}: ${answer.status} ${said}`);
        assert.ok(said.includes(path), `${name} does not name ${path}: ${said}`);
        assert.match(said, message, name);
        assert.ok(!parseFile(object).success, `${name}: zod accepts what the API server refuses`);
      }
    });

    it('keeps what the operator writes to its status apart from the spec', async (t) => {
      const server = await requireApiServer(t);
      if (server === undefined) return;
      await server.applyCrds();
      const namespace = await server.createNamespace();
      const object = own.find(({ sentence }) => sentence === undefined)?.object;
      const condition = {
        type: 'Ready',
        status: 'True',
        reason: 'Ready',
        message: '',
        lastTransitionTime: '2026-01-01T00:00:00Z',
      };
      const status = { observedGeneration: 1, conditions: [condition] };
      const path = collection(kind, namespace);
      const created = await server.request({ method: 'POST', path, body: { ...object, status } });
      assert.equal((created.body as { status?: unknown }).status, undefined, 'a user may write the status');
      const name = `${path}/${object?.metadata.name}`;
      const patch = { method: 'PATCH', body: { status, spec: { unknown: 1 } } } as const;
      const headers = { 'content-type': 'application/merge-patch+json' };
      const patched = await server.request({ ...patch, path: `${name}/status`, headers });
      assert.equal(patched.status, 200, messageOf(patched));
      const after = patched.body as { status: unknown; metadata: { generation: number } };
      assert.deepEqual(after.status, status);
      assert.equal(after.metadata.generation, 1);
    });

    it('shows its columns to kubectl', async (t) => {
      const server = await requireApiServer(t);
      if (server === undefined) return;
      await server.applyCrds();
      const headers = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
      const { body } = await server.request({ path: collection(kind), headers });
      const columns = (body as { columnDefinitions: { name: string }[] }).columnDefinitions.map(({ name }) => name);
      assert.deepEqual(columns, ['Name', ...kind.printerColumns.map(({ name }) => name)]);
    });
  });

describe('CRDs', () => {
  it('bound every list, map and string, and every number that a user writes', () => {
    for (const kind of ALL_KINDS) {
      const { spec = {}, status = {} } = kindSchema(kind).properties ?? {};
      assert.deepEqual(unboundedIn(spec, `${kind.kind}.spec`), []);
      assert.deepEqual(
        unboundedIn(status, `${kind.kind}.status`).filter((unbounded) => !unbounded.endsWith(' integer')),
        [],
      );
    }
  });

  it('are found by their short names, and those of users by the category ai', async (t) => {
    const server = await requireApiServer(t);
    if (server === undefined) return;
    await server.applyCrds();
    const { body } = await server.request({ path: `/apis/${API_GROUP_VERSION}` });
    const { resources } = body as { resources: { name: string; shortNames?: string[]; categories?: string[] }[] };
    for (const kind of ALL_KINDS) {
      const found = resources.find(({ name }) => name === kind.plural);
      assert.deepEqual(found?.shortNames ?? [], kind.shortNames);
      assert.deepEqual(found?.categories ?? [], USER_KINDS.includes(kind) ? ['ai'] : []);
      const hasStatus = resources.some(({ name }) => name === `${kind.plural}/status`);
      assert.equal(hasStatus, USER_KINDS.includes(kind), kind.kind);
    }
  });

  it('keep an AIBudgetLedger and refuse a write over an old version of it', async (t) => {
    const server = await requireApiServer(t);
    if (server === undefined) return;
    await server.applyCrds();
    const ledger = ALL_KINDS.find(({ kind }) => kind === 'AIBudgetLedger');
    assert.ok(ledger);
    const path = collection(ledger, await server.createNamespace());
    const object = { apiVersion: API_GROUP_VERSION, kind: ledger.kind, metadata: { name: 'a' }, spec: { book: '{}' } };
    const created = await server.request({ method: 'POST', path, body: object });
    const { metadata } = created.body as { metadata: { name: string; resourceVersion: string } };
    const write = (book: string) =>
      server.request({ method: 'PUT', path: `${path}/a`, body: { ...object, metadata, spec: { book } } });
    assert.equal((await write('{"a":1}')).status, 200);
    assert.equal((await write('{"a":2}')).status, 409);
  });

  it('take the examples', async (t) => {
    const server = await requireApiServer(t);
    if (server === undefined) return;
    await server.applyCrds();
    const root = join(import.meta.dirname, '..', '..', 'examples');
    for (const file of globSync('**/*.yaml', { cwd: root }))
      for (const document of parseAllDocuments(readFileSync(join(root, file), 'utf8'))) {
        const object = document.toJS() as Written | null;
        const kind = USER_KINDS.find((candidate) => candidate.kind === object?.kind);
        if (kind === undefined || object === null) continue;
        const { namespace: _, ...metadata } = object.metadata as { name: string; namespace?: string };
        const answer = await create(server, kind, { ...object, metadata });
        assert.equal(answer.status, 201, `${file}: ${messageOf(answer)}`);
        assert.ok(parseFile(object).success, file);
      }
  });
});
