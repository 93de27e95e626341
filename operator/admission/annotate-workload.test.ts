import assert from 'node:assert/strict';
import { test } from 'node:test';
import { annotateWorkload } from './annotate-workload.ts';
import { type Workload, workload } from './pod.ts';

const KEY = 'remora.dev/inject';

const deployment = (
  own: string | undefined,
  template: Record<string, string> | undefined,
  kind = 'Deployment',
): Workload =>
  workload.parse({
    kind,
    metadata: { annotations: own === undefined ? {} : { [KEY]: own } },
    spec: { template: { metadata: template ? { annotations: template } : { labels: { app: 'a' } }, spec: {} } },
  });

const operations = (now: Workload, before?: Workload) => {
  const decision = annotateWorkload(now, before);
  assert.ok(decision.allowed);
  return decision.operations;
};

test('annotateWorkload() copies the annotation into the pod template', () => {
  assert.deepEqual(operations(deployment('true', undefined)), [
    { op: 'add', path: '/spec/template/metadata/annotations', value: { [KEY]: 'true' } },
  ]);
  assert.deepEqual(operations(deployment('true', { other: 'x' })), [
    { op: 'add', path: '/spec/template/metadata/annotations/remora.dev~1inject', value: 'true' },
  ]);
});

test('annotateWorkload() reaches the template of a CronJob', () => {
  const cronJob = workload.parse({
    kind: 'CronJob',
    metadata: { annotations: { [KEY]: 'true' } },
    spec: { jobTemplate: { spec: { template: { spec: {} } } } },
  });
  assert.deepEqual(operations(cronJob), [
    { op: 'add', path: '/spec/jobTemplate/spec/template/metadata', value: { annotations: { [KEY]: 'true' } } },
  ]);
});

test('annotateWorkload() does nothing when the template says the same', () => {
  assert.deepEqual(operations(deployment('true', { [KEY]: 'true' })), []);
});

test('annotateWorkload() takes the annotation out of the template when it is removed from the workload', () => {
  assert.deepEqual(operations(deployment(undefined, { [KEY]: 'true' }), deployment('true', { [KEY]: 'true' })), [
    { op: 'remove', path: '/spec/template/metadata/annotations/remora.dev~1inject' },
  ]);
});

test('annotateWorkload() leaves an annotation that the author of the template wrote', () => {
  assert.deepEqual(operations(deployment(undefined, { [KEY]: 'true' }), deployment(undefined, { [KEY]: 'true' })), []);
});

test('annotateWorkload() says that the template of an existing Job cannot change', () => {
  const decision = annotateWorkload(deployment('true', undefined, 'Job'), deployment(undefined, undefined, 'Job'));
  assert.ok(decision.allowed);
  assert.deepEqual(decision.operations, []);
  assert.match(decision.warnings[0] ?? '', /delete the Job/);
});
