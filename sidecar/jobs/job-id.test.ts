import assert from 'node:assert/strict';
import { test } from 'node:test';
import { operationOf } from '#sidecar/canonical/operation';
import { DIALECTS, endpointAt } from '#sidecar/dialects/index';
import { modelsAt } from '#sidecar/dialects/openai-chat/model-list';
import { dialectOfJob, jobAt, jobId, jobPath } from './job-id.ts';

const RANDOM = '0123456789abcdef'.repeat(2);

/** Those about kept things ask for no jobs. */
for (const dialect of DIALECTS.filter((each) => operationOf(each).isAboutKept !== true))
  test(`the id of a job of ${dialect.id} names its dialect and holds no full stop`, () => {
    const id = jobId(dialect, RANDOM);
    assert.equal(dialectOfJob(id), dialect);
    assert.ok(!id.includes('.'), 'what is signed is parted by full stops');
    assert.equal(jobAt(jobPath(id)), id);
  });

test('what is no id is told in the shape of OpenAI', () => {
  for (const id of ['', 'job_', `job_nonsense_${RANDOM}`, '../x', `job_openai-chat_${RANDOM}0`])
    assert.equal(dialectOfJob(id).id, 'openai-chat');
});

test('no dialect and no list of models is served on the path of a job', () => {
  const path = jobPath(jobId(dialectOfJob(''), RANDOM));
  assert.equal(endpointAt(path), undefined);
  assert.equal(modelsAt(path), undefined);
  assert.equal(jobAt('/v1/chat/completions'), undefined);
});
