import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CrdObject } from '#cli/kube/objects';
import type { Reading } from '#cli/kube/read';
import type { Finding } from './finding.ts';
import {
  crdFindings,
  operatorFindings,
  permissionFindings,
  validationFindings,
  versionFinding,
  webhookFindings,
} from './findings.ts';
import { historyFindings } from './history-findings.ts';
import { objectFindings } from './object-findings.ts';
import { podFindings, streamFindings } from './pod-findings.ts';
import { checkText } from './render.ts';

/** `× message` per finding. */
const lines = (findings: readonly Finding[]): string[] => findings.map(({ level, message }) => `${level}: ${message}`);

const version = (major: string, minor: string) =>
  versionFinding('https://api', { major, minor, gitVersion: `v${major}.${minor}.0` }).level;

test('versionFinding() asks for native sidecars, whatever a cloud adds to the number', () => {
  assert.deepEqual(
    [version('1', '33'), version('1', '36+'), version('2', '0'), version('1', '32'), version('1', '9+')],
    ['ok', 'ok', 'ok', 'failure', 'failure'],
  );
});

test('permissionFindings() names what may not be created', () => {
  assert.deepEqual(lines(permissionFindings({ namespaces: true, clusterroles: false })), [
    'failure: you may not create clusterroles',
  ]);
  assert.deepEqual(lines(permissionFindings({ namespaces: true })), ['ok: you may create what the installation needs']);
});

const crd = (served: boolean, established: string): Reading<CrdObject> => ({
  value: {
    metadata: { name: 'x' },
    spec: { versions: [{ name: 'v1alpha1', served }] },
    status: { conditions: [{ type: 'Established', status: established }] },
  },
});

test('crdFindings() tells a missing, an unserved, an unestablished and an unreadable definition apart', () => {
  const all = new Map<string, Reading<CrdObject | undefined>>([
    ['a', crd(true, 'True')],
    ['b', { value: undefined }],
    ['c', crd(false, 'True')],
    ['d', crd(true, 'False')],
    ['e', { fault: 'forbidden' }],
  ]);
  assert.deepEqual(lines(crdFindings(all)), [
    'failure: b is not installed',
    'failure: c does not serve v1alpha1',
    'failure: d is not established',
    'failure: e cannot be read: forbidden',
  ]);
  assert.deepEqual(lines(crdFindings(new Map([['a', crd(true, 'True')]]))), ['ok: all 1 are served as v1alpha1']);
});

const deployment = (readyReplicas?: number) => ({
  metadata: { namespace: 'remora-system', name: 'remora' },
  spec: { replicas: 2 },
  status: readyReplicas === undefined ? {} : { readyReplicas },
});

test('historyFindings() warns while the pod of the file is not ready, and says nothing where there is none', () => {
  const levels = (readyReplicas?: number) => historyFindings({ value: [deployment(readyReplicas)] })[0]?.level;
  assert.deepEqual([levels(), levels(0), levels(1)], ['warning', 'warning', 'ok']);
  assert.deepEqual(historyFindings({ value: [] }), []);
  assert.equal(historyFindings({ fault: 'no' })[0]?.level, 'warning');
});

test('operatorFindings() fails without any ready replica and warns while one is missing', () => {
  const levels = (readyReplicas?: number) => operatorFindings({ value: [deployment(readyReplicas)] })[0]?.level;
  assert.deepEqual([levels(2), levels(1), levels(), levels(0)], ['ok', 'warning', 'failure', 'failure']);
  assert.match(operatorFindings({ value: [] })[0]?.remedy ?? '', /^helm install remora /);
});

const configuration = (...bundles: (string | undefined)[]) => ({
  metadata: { name: 'remora' },
  webhooks: bundles.map((caBundle, index) => ({
    name: `w${index}`,
    clientConfig: caBundle === undefined ? {} : { caBundle },
  })),
});

test('validationFindings() warns where nobody judges objects, and says nothing where somebody does', () => {
  assert.deepEqual(validationFindings({ value: [configuration('Q0E=')] }), []);
  assert.match(
    validationFindings({ value: [configuration(undefined)] })[0]?.message ?? '',
    /without caBundle, so wrong objects/,
  );
  assert.deepEqual(
    validationFindings({ value: [] }).map(({ level }) => level),
    ['warning'],
  );
});

test('webhookFindings() names the webhooks without a CA', () => {
  assert.equal(webhookFindings({ value: [configuration('Q0E=', 'Q0E=')] })[0]?.level, 'ok');
  assert.match(
    webhookFindings({ value: [configuration('Q0E=', undefined, '')] })[0]?.message ?? '',
    /: w1, w2 without/,
  );
  assert.equal(webhookFindings({ value: [] })[0]?.level, 'failure');
});

const condition = (type: string, status: 'True' | 'False', reason: string, observedGeneration = 1) => ({
  ...{ type, status, reason, observedGeneration },
  message: `about ${reason}`,
  lastTransitionTime: '2026-01-01T00:00:00Z',
});
const route = (name: string, ...conditions: ReturnType<typeof condition>[]) => ({
  metadata: { namespace: 'demo', name, generation: 1 },
  status: { conditions },
});

test('objectFindings() gives the first condition that does not hold, failures before warnings, with a command', () => {
  const findings = objectFindings(
    { group: 'routes', kind: 'AIRoute' },
    {
      value: [
        route('fine', condition('Ready', 'True', 'Ready')),
        route('late', condition('Ready', 'False', 'Pending'), condition('Programmed', 'False', 'Pending')),
        route('new'),
        route('stale', condition('Ready', 'True', 'Ready', 0)),
        route(
          'broken',
          condition('ResolvedRefs', 'False', 'SecretNotFound'),
          condition('Accepted', 'True', 'Accepted'),
        ),
      ],
    },
  );
  assert.deepEqual(lines(findings), [
    'failure: AIRoute demo/new: the operator has not looked at it yet',
    'failure: AIRoute demo/broken: ResolvedRefs=False (SecretNotFound): about SecretNotFound',
    'warning: AIRoute demo/late: Programmed=False (Pending): about Pending',
    'warning: AIRoute demo/stale: the operator has not looked at generation 1 yet',
  ]);
  assert.equal(findings[1]?.remedy, 'kubectl -n demo describe airoute broken');
});

test('objectFindings() shows ten lines of a group and counts the rest', () => {
  const value = Array.from({ length: 25 }, (_, index) => route(`r${index}`));
  const findings = objectFindings({ group: 'routes', kind: 'AIRoute' }, { value });
  assert.deepEqual([findings.length, findings.at(-1)?.message], [11, 'and 15 more']);
});

const pod = (name: string, more: object = {}, status: object = { phase: 'Running' }) => ({
  metadata: { namespace: 'demo', name, uid: name, ...more },
  status,
});
const INJECTED = { labels: { 'remora.dev/injected': 'true' } };
const ASKS = { annotations: { 'remora.dev/inject': 'true' } };
const WELL = { phase: 'Running', initContainerStatuses: [{ name: 'remora-proxy', ready: true }] };

test('podFindings() finds who asked and has no sidecar, by pod or by namespace, and no one else', () => {
  const namespaces = { value: [{ metadata: { name: 'on', labels: { 'remora.dev/inject': 'enabled' } } }] };
  const inOn = { namespace: 'on' };
  const value = [
    pod('asks', { ...ASKS, ownerReferences: [{ kind: 'ReplicaSet', name: 'app-5d4f9c' }] }),
    pod('silent'),
    pod('by-namespace', inOn),
    pod('out', { ...inOn, annotations: { 'remora.dev/inject': 'false' } }),
    pod('done', ASKS, { phase: 'Succeeded' }),
    pod('going', { ...ASKS, deletionTimestamp: '2026-01-01T00:00:00Z' }),
    pod('system', { ...ASKS, namespace: 'kube-system' }),
    pod('operator', { ...ASKS, namespace: 'remora-system' }),
    { ...pod('host', ASKS), spec: { hostNetwork: true } },
    pod('well', INJECTED, WELL),
  ];
  const findings = podFindings({ pods: { value }, namespaces }, ['remora-system']);
  assert.deepEqual(lines(findings), [
    'failure: Pod demo/asks asks for a sidecar and has none: it was made while the webhook was not there',
    'failure: Pod on/by-namespace asks for a sidecar and has none: it was made while the webhook was not there',
    'warning: Pod demo/host asks for a sidecar and has none: pods with hostNetwork get none',
  ]);
  assert.deepEqual(
    findings.slice(0, 2).map(({ remedy }) => remedy),
    ['kubectl -n demo rollout restart deployment/app', 'kubectl -n on delete pod by-namespace'],
  );
});

test('podFindings() says why a sidecar is not ready', () => {
  const waiting = { waiting: { reason: 'ErrImageNeverPull', message: 'image remora:0.1.0 is not present' } };
  const value = [
    pod('starting', INJECTED, { phase: 'Pending', initContainerStatuses: [{ name: 'remora-proxy', ready: false }] }),
    pod('no-image', INJECTED, { phase: 'Pending', initContainerStatuses: [{ name: 'remora-proxy', state: waiting }] }),
  ];
  assert.deepEqual(lines(podFindings({ pods: { value }, namespaces: { value: [] } }, [])), [
    'failure: Pod demo/starting: the sidecar is not ready: it has no policy yet, or is starting',
    'failure: Pod demo/no-image: the sidecar is not ready: image remora:0.1.0 is not present',
  ]);
});

test('streamFindings() tells who never came, who refused and who is away', () => {
  const ack = { hash: 'h', nack: null, connected: true, atMs: 1 };
  const value = ['well', 'away', 'refuses', 'never'].map((name) => pod(name, INJECTED, WELL));
  const sidecars = {
    well: ack,
    away: { ...ack, connected: false },
    refuses: { ...ack, nack: { hash: 'i', reason: 'guardrail too large' } },
  };
  assert.deepEqual(lines(streamFindings({ value }, { value: { version: 1, policies: {}, sidecars } })), [
    'failure: the sidecar of Pod demo/refuses refused its policy: guardrail too large',
    'failure: the sidecar of Pod demo/never never reached the operator',
    'warning: the sidecar of Pod demo/away is not connected and goes on with what it runs',
  ]);
});

test('checkText() groups, signs, shows the command below and ends in the verdict', () => {
  const text = checkText([
    { group: 'crds', level: 'ok', message: 'fine' },
    { group: 'pods', level: 'failure', message: 'a\nb', remedy: 'kubectl x' },
    { group: 'pods', level: 'warning', message: 'c' },
  ]);
  assert.equal(text, 'crds\n√ fine\n\npods\n× a b\n    kubectl x\n‼ c\n\nFound 1 failure and 1 warning.\n');
  assert.match(checkText([{ group: 'crds', level: 'ok', message: 'fine' }]), /\nEverything checked is right\.\n$/);
});
