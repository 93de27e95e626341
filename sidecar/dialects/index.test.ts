import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DIALECTS, endpointAt, methodsAt } from './index.ts';
import { encodeModelList } from './openai-chat/model-list.ts';

test('endpointAt() serves chat completions with, without and with a doubled version', () => {
  for (const path of ['/v1/chat/completions', '/chat/completions', '/v1/v1/chat/completions'])
    assert.equal(endpointAt(path)?.dialect.id, 'openai-chat', path);
  for (const path of ['/', '/v1/chat/completions/', '/V1/chat/completions', '__proto__', 'constructor'])
    assert.equal(endpointAt(path), undefined, path);
});

test('endpointAt() serves clients of Azure OpenAI through both of its doors, and knows the deployment they ask for', () => {
  assert.deepEqual({ ...endpointAt('/openai/v1/chat/completions')?.values }, {});
  for (const path of ['/openai/deployments/my%2Fgpt/chat/completions', '/v1/deployments/my/gpt/chat/completions']) {
    const endpoint = endpointAt(path);
    assert.equal(endpoint?.dialect.id, 'openai-chat', path);
    assert.deepEqual({ ...endpoint?.values }, { model: 'my/gpt' }, path);
  }
});

test('endpointAt() serves Messages under the base URL of Anthropic’s clients and under that of the Vercel AI SDK', () => {
  for (const path of ['/v1/messages', '/messages', '/v1/v1/messages'])
    assert.equal(endpointAt(path)?.dialect.id, 'anthropic-messages', path);
});

test('no two dialects are served on one path with one method, unless a header tells their clients apart', () => {
  const unasked = DIALECTS.filter(({ isAskedBy }) => isAskedBy === undefined);
  const paths = unasked.flatMap(({ paths, method = 'POST' }) => paths.map((path) => `${method} ${path}`));
  assert.equal(new Set(paths).size, paths.length);
});

test('endpointAt() tells Anthropic’s files from OpenAI’s by the version that every client of Anthropic states', () => {
  const idOf = (method: string, headers: Record<string, string>) =>
    endpointAt('/v1/files', { method, headers })?.dialect.id;
  for (const method of ['GET', 'POST']) {
    assert.equal(idOf(method, {}), 'openai-files');
    assert.equal(idOf(method, { 'anthropic-version': '2023-06-01' }), 'anthropic-files');
  }
  assert.equal(idOf('PATCH', {}), undefined);
  assert.deepEqual(methodsAt('/v1/files'), ['POST', 'GET']);
});

test('endpointAt() knows the place of an id, by the method of the request', () => {
  const at = (path: string, method: string) => endpointAt(path, { method, headers: {} });
  assert.deepEqual({ ...at('/v1/responses/resp_1', 'GET')?.values }, { id: 'resp_1' });
  assert.equal(at('/v1/responses/resp_1', 'GET')?.dialect.operation, 'kept_content');
  assert.equal(at('/v1/responses/resp_1', 'DELETE')?.dialect.operation, 'kept_object');
  assert.equal(at('/v1/responses/resp_1', 'POST'), undefined);
  assert.equal(at('/v1/responses/a%2Fb/c', 'GET'), undefined);
});

test('encodeModelList() lists the logical models', () => {
  assert.deepEqual(encodeModelList(['a']), {
    object: 'list',
    data: [{ id: 'a', object: 'model', created: 0, owned_by: 'remora' }],
  });
});
