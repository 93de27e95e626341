import assert from 'node:assert/strict';
import { test } from 'node:test';
import { API_GROUP_VERSION } from '#contract/names/api';
import { ADMISSION_PATH, type AdmittedRequest, answerReview } from './review.ts';

const POLICY = {
  ...{ apiVersion: API_GROUP_VERSION, kind: 'AIPolicy', metadata: { name: 'p', namespace: 'a', uid: 'u1' } },
  spec: { models: { deny: ['x/*'] } },
};

function ask(request: object, path: string = ADMISSION_PATH.validate) {
  const told: AdmittedRequest[] = [];
  const body = JSON.stringify({
    request: { uid: '1', operation: 'CREATE', userInfo: { username: 'ann', groups: ['devs'] }, ...request },
  });
  // Pods are never judged here.
  const injection = {} as Parameters<typeof answerReview>[2]['injection'];
  const answer = answerReview(path, body, {
    ...{ injection, platformNamespaces: new Set<string>() },
    onAdmitted: (one) => void told.push(one),
  });
  return { told, allowed: answer?.response.allowed };
}

test('who asks is told with what is let pass', () => {
  const { told, allowed } = ask({ object: POLICY });
  assert.equal(allowed, true);
  assert.deepEqual(told, [{ operation: 'CREATE', username: 'ann', object: POLICY }]);
});

test('a deletion is let pass whatever the object says, and told', () => {
  const wrong = { ...POLICY, spec: { models: 7 } };
  const { told, allowed } = ask({ operation: 'DELETE', object: null, oldObject: wrong });
  assert.equal(allowed, true);
  assert.deepEqual(
    told.map(({ operation, oldObject }) => [operation, oldObject]),
    [['DELETE', wrong]],
  );
});

test('a dry run, a refusal and whatever is no object of ours are told to nobody', () => {
  assert.deepEqual(ask({ object: POLICY, dryRun: true }), { told: [], allowed: true });
  assert.deepEqual(ask({ object: { ...POLICY, spec: { models: 7 } } }), { told: [], allowed: false });
  const workload = { metadata: { name: 'a', annotations: {} }, spec: {} };
  assert.deepEqual(ask({ object: workload }, ADMISSION_PATH.workload).told, []);
});
