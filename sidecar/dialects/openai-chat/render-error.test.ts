import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ERROR_CODES, type ErrorCode } from '#contract/names/error-codes';
import { RemoraError } from '#sidecar/errors/remora-error';
import { renderError, renderStreamError } from './render-error.ts';

const wordsOf = (code: ErrorCode, upstreamCode?: string): string => {
  const upstream = upstreamCode === undefined ? {} : { upstream: { provider: 'p', code: upstreamCode } };
  const { error } = renderError(new RemoraError({ code, message: 'm', ...upstream }), 'r') as {
    error: { type: string; code: string };
  };
  return `${error.type}/${error.code}`;
};

test('renderError() speaks the words that OpenAI clients know', () => {
  assert.equal(wordsOf('budget_exceeded'), 'insufficient_quota/insufficient_quota');
  assert.equal(wordsOf('guardrail_blocked'), 'invalid_request_error/content_filter');
  assert.equal(wordsOf('unknown_model'), 'invalid_request_error/model_not_found');
  assert.equal(wordsOf('model_not_allowed'), 'invalid_request_error/model_not_allowed');
  assert.equal(wordsOf('upstream_rate_limited'), 'rate_limit_error/rate_limit_exceeded');
  assert.equal(wordsOf('upstream_rejected'), 'invalid_request_error/upstream_rejected');
  assert.equal(
    wordsOf('upstream_rejected', 'context_length_exceeded'),
    'invalid_request_error/context_length_exceeded',
  );
  assert.equal(wordsOf('upstream_timeout'), 'server_error/upstream_timeout');
  assert.equal(wordsOf('policy_not_ready'), 'server_error/policy_not_ready');
});

test('renderError() has a type for every code of the catalogue', () => {
  for (const code of Object.keys(ERROR_CODES) as ErrorCode[]) {
    assert.match(
      wordsOf(code),
      /^(invalid_request_error|server_error|rate_limit_error|insufficient_quota)\/[a-z_]+$/,
      code,
    );
  }
});

test('renderError() says which object decided and what was tried', () => {
  const error = new RemoraError({
    code: 'upstream_overloaded',
    message: 'All failed.',
    param: 'model',
    object: 'AIRoute a/b',
    attempts: [{ target: 'openai/gpt', outcome: 'overloaded', status: 503, ms: 12 }],
  });
  assert.deepEqual(renderError(error, 'req-1'), {
    error: {
      message: 'All failed.',
      type: 'server_error',
      code: 'upstream_overloaded',
      param: 'model',
      remora: {
        code: 'upstream_overloaded',
        object: 'AIRoute a/b',
        attempts: [{ target: 'openai/gpt', outcome: 'overloaded', status: 503, ms: 12 }],
        request_id: 'req-1',
      },
    },
  });
});

test('renderStreamError() is one error chunk and no [DONE]', () => {
  const [event, ...rest] = renderStreamError(new RemoraError({ code: 'stream_broken', message: 'Broken.' }), 'r');
  assert.deepEqual(rest, []);
  assert.equal(JSON.parse(event?.data ?? '').error.remora.code, 'stream_broken');
});
