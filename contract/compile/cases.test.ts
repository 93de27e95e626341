/**
 * Each file in `cases/` is a promise: objects, a divider, the policy of every Pod among them, a divider, the condition of every object.
 * `UPDATE_CASES=1` writes what comes out now, to be formatted by biome; the diff is the review.
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  type Document,
  isPair,
  isScalar,
  parseAllDocuments,
  parseDocument,
  visit,
  Document as YamlDocument,
} from 'yaml';
import { policy as policySchema } from '#contract/policy/policy';
import { assemblePolicy, sectionsOf } from '#contract/policy/sections';
import { compileWorkload, conditionsOf, type ObjectCondition } from './compile.ts';
import { ResourceIndex } from './resource-index.ts';
import type { ServiceView } from './service-view.ts';
import { type PodFacts, selectingLabels, workloadOf } from './workload.ts';

const DIVIDER = '--- # 8<---\n';

interface PlainObject {
  readonly kind?: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Record<string, string>;
    readonly annotations?: Record<string, string>;
  };
  readonly spec?: { readonly serviceAccountName?: string };
  readonly stringData?: Record<string, string>;
  /** Of a Service: what is known of it, which the operator works out of its EndpointSlices. */
  readonly view?: ServiceView | null;
}

interface Outcome {
  readonly policies: Record<string, unknown>;
  readonly conditions: Record<string, string[]>;
}

const conditionText = (condition: ObjectCondition): string =>
  `${condition.type}=${condition.status} ${condition.reason} @${condition.observedGeneration}: ${condition.message}`;

function outcomeOf(objects: readonly PlainObject[]): Outcome {
  const index = new ResourceIndex({ platformNamespaces: ['remora-system'] });
  const pods: { name: string; facts: PodFacts }[] = [];
  for (const object of objects) {
    const { name, namespace = 'default', labels, annotations } = object.metadata;
    if (object.kind === 'Namespace') index.applyNamespace(name, labels ?? {});
    else if (object.kind === 'Secret') index.applySecretKeys(namespace, name, Object.keys(object.stringData ?? {}));
    else if (object.kind === 'Service') index.applyService(namespace, name, object.view);
    else if (object.kind === 'Pod')
      pods.push({ name, facts: { namespace, labels, annotations, serviceAccount: object.spec?.serviceAccountName } });
    else index.apply(object);
  }
  const snapshot = index.snapshot();
  const policies = pods.map(({ name, facts }) => {
    const labelled = { labels: index.namespaceLabels(facts.namespace) };
    const policy = compileWorkload(
      snapshot,
      workloadOf(facts, labelled, selectingLabels(snapshot).of(facts.namespace)),
    );
    assert.deepEqual(policySchema.parse(policy), policy, 'a compiled policy passes its own schema');
    assert.deepEqual(assemblePolicy(sectionsOf(policy)), policy, 'a compiled policy survives being cut into sections');
    // It names the built-in book, which changes without any of the cases; and most cases have no AIKey.
    const { priceBook: _, keys, ...rest } = policy;
    return [name, { ...rest, ...(keys.length > 0 && { keys }) }] as const;
  });
  const conditions = [...conditionsOf(snapshot)].map(([key, list]) => [key, list.map(conditionText)] as const);
  return { policies: Object.fromEntries(policies), conditions: Object.fromEntries(conditions) };
}

/** Block style, but lists and maps of plain values on one line, so that a diff shows one thing per line. */
function yamlOf(value: unknown): string {
  const document: Document = new YamlDocument(value, { aliasDuplicateObjects: false });
  visit(document, {
    Collection(_, node) {
      const values = node.items.map((item) => (isPair(item) ? item.value : item));
      node.flow = values.every((item) => isScalar(item) && String(item.value).length <= 60);
    },
  });
  return document.toString({ lineWidth: 0 });
}

const files = globSync(join(import.meta.dirname, 'cases/*.case.yaml')).sort();

test('there are compile cases', () => assert.ok(files.length >= 20, `${files.length} cases`));

for (const file of files) {
  const [input = '', policies = '', conditions = ''] = readFileSync(file, 'utf8').split(DIVIDER);
  const promise = /^# (.*)$/m.exec(input)?.[1] ?? file;
  test(`compile: ${promise}`, () => {
    const objects = parseAllDocuments(input).map((document) => document.toJS() as PlainObject | null);
    const outcome = outcomeOf(objects.filter((object) => object !== null));
    if (process.env.UPDATE_CASES === '1') {
      writeFileSync(file, [input, yamlOf(outcome.policies), yamlOf(outcome.conditions)].join(DIVIDER));
      return;
    }
    assert.deepEqual(outcome.policies, parseDocument(policies).toJS());
    assert.deepEqual(outcome.conditions, parseDocument(conditions).toJS());
  });
}
