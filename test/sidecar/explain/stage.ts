/** A sidecar that is asked why, and an upstream that nobody should ask. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Explanation } from '#sidecar/pipeline/explain/explanation';
import type { Upstream } from '#sidecar/upstream/upstream';
import { type RunningSidecar, type StartOptions, startSidecar } from '#test/sidecar/start-sidecar';

export const HEADERS = { 'content-type': 'application/json', 'x-remora-explain': 'true' };

/** An upstream that only remembers that it was asked. */
function noUpstream(): { readonly upstream: Upstream; readonly asked: string[] } {
  const asked: string[] = [];
  const send: Upstream['send'] = async ({ url }) => {
    asked.push(url);
    throw new Error('not here');
  };
  return { upstream: { send, close: async () => {} }, asked };
}

export async function started(t: TestContext, policy: NonNullable<StartOptions['policy']>, options: StartOptions = {}) {
  const { upstream, asked } = noUpstream();
  const running = await startSidecar(t, { ...options, policy, deps: { upstream, ...options.deps } });
  return { running, asked };
}

export async function explained(
  { url }: Pick<RunningSidecar, 'url'>,
  body: object = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<Explanation> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { ...HEADERS, ...headers },
    body: JSON.stringify({ model: 'chat', messages: [{ role: 'user', content: 'Hi' }], ...body }),
  });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('content-type'), 'application/json');
  return (await response.json()) as Explanation;
}

/** Over another API than chat completions. */
export async function explainedAt(
  { url }: Pick<RunningSidecar, 'url'>,
  path: string,
  body?: object,
): Promise<Explanation> {
  const method = body === undefined ? 'GET' : 'POST';
  const response = await fetch(`${url}${path}`, {
    method,
    headers: HEADERS,
    ...(body && { body: JSON.stringify(body) }),
  });
  assert.equal(response.status, 200);
  return (await response.json()) as Explanation;
}

export const MOCKS = { a: { type: 'Mock' }, b: { type: 'Mock' }, c: { type: 'Mock' } } as const;
