import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LABEL, TOKEN_AUDIENCE } from '#contract/names/api';
import { injectedPod } from '#test/support/injected-pod';
import { AuthenticationError, matchPod, subjectOf } from './token-authenticator.ts';

const status = {
  authenticated: true,
  audiences: [TOKEN_AUDIENCE],
  user: {
    username: 'system:serviceaccount:support:bot',
    extra: {
      'authentication.kubernetes.io/pod-name': ['bot-1'],
      'authentication.kubernetes.io/pod-uid': ['u1'],
    },
  },
};
const pod = injectedPod('u1', { name: 'bot-1', labels: { [LABEL.injected]: 'true' }, serviceAccount: 'bot' });

test('subjectOf() reads namespace, service account and pod from a review', () => {
  assert.deepEqual(subjectOf(status), { namespace: 'support', serviceAccount: 'bot', podName: 'bot-1', podUid: 'u1' });
});

test('subjectOf() refuses tokens that are invalid, for somebody else, or bound to no pod', () => {
  const refused = [
    {},
    { ...status, audiences: ['https://kubernetes.default.svc'] },
    { ...status, user: { ...status.user, extra: {} } },
    { ...status, user: { ...status.user, username: 'alice' } },
  ];
  for (const review of refused) assert.throws(() => subjectOf(review), AuthenticationError);
});

test('matchPod() takes only the living injected pod that the token names', () => {
  const subject = subjectOf(status);
  assert.equal(matchPod(subject, pod), pod);
  const refused = [
    undefined,
    { ...pod, uid: 'u2' },
    { ...pod, terminating: true },
    { ...pod, labels: {} },
    { ...pod, serviceAccount: 'default' },
  ];
  for (const candidate of refused) assert.throws(() => matchPod(subject, candidate), AuthenticationError);
});
