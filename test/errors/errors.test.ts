/** Every error that a client can see, brought about for real and judged by what it tells: cause, next step, who decided, whether to retry. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import OpenAI, { type APIError } from 'openai';
import { ERROR_CODES } from '#contract/names/error-codes';
import { CALLBACK_CASES } from './callback-cases.ts';
import { CLIENT_CASES } from './client-cases.ts';
import { CHAT, type ErrorAnswer, type ErrorCase } from './error-case.ts';
import { GATEWAY_CASES } from './gateway-cases.ts';
import { POLICY_CASES } from './policy-cases.ts';
import { UPSTREAM_CASES } from './upstream-cases.ts';

const CASES: readonly ErrorCase[] = [
  ...CLIENT_CASES,
  ...POLICY_CASES,
  ...CALLBACK_CASES,
  ...GATEWAY_CASES,
  ...UPSTREAM_CASES,
];

/** A sentence or clause after the first that tells the reader to do something. */
const NEXT_STEP =
  /[.:;,] (or )?(Add|Ask|Change|Check|Correct|Free|Leave|Raise|Remove|Report|Retry|Send|State|Use|ask|check|have|wait) /;

interface RenderedError {
  readonly message: string;
  readonly type: string;
  readonly code: string;
  readonly remora: { readonly code: string; readonly object?: string; readonly request_id: string };
}

/** The error of an answer; of a stream, what its last event says. */
function errorOf({ body, headers }: ErrorAnswer): RenderedError {
  if (!headers['content-type']?.startsWith('text/event-stream')) return JSON.parse(body).error;
  const last = body.trimEnd().split('\n\n').at(-1) ?? '';
  return JSON.parse(last.slice('data: '.length)).error;
}

for (const one of CASES) {
  test(`${one.code}, when ${one.when}: cause, next step, retry and class are told`, async (t) => {
    const answer = await one.provoke(t);
    const error = errorOf(answer);
    assert.equal(error.remora?.code, one.code, answer.body);
    assert.equal(error.code, one.clientCode ?? one.code);
    assert.equal(answer.status, one.status ?? ERROR_CODES[one.code].status);
    assert.match(error.message, one.cause);
    assert.match(error.message, one.next);
    assert.match(error.message, NEXT_STEP);
    assert.equal(error.remora.object, one.object);
    checkHeaders(one, answer, error);
    assert.ok(!answer.body.includes('Say hello.'), 'an error quotes no prompt');
    const raised = await raisedBy(answer);
    assert.ok(raised instanceof one.raises, `raised ${raised.constructor.name}`);
    assert.equal(raised.code, error.code);
    assert.ok(raised.message.includes(error.message), raised.message);
  });
}

function checkHeaders(one: ErrorCase, { headers, status }: ErrorAnswer, error: RenderedError): void {
  assert.equal(headers['x-request-id'], error.remora.request_id);
  if (status === 200) return;
  assert.equal(headers['x-should-retry'], String(one.retry ?? ERROR_CODES[one.code].retryable));
  assert.equal(headers['retry-after'], one.retryAfter === undefined ? undefined : String(one.retryAfter));
  const milliseconds = one.retryAfter === undefined ? undefined : String(one.retryAfter * 1_000);
  assert.equal(headers['retry-after-ms'], milliseconds);
}

/** What the official client throws when it is given these very bytes. */
async function raisedBy({ status, headers, body }: ErrorAnswer): Promise<APIError> {
  const client = new OpenAI({
    apiKey: 'placeholder',
    baseURL: 'http://gateway.invalid/v1',
    maxRetries: 0,
    fetch: async () => new Response(body, { status, headers }),
  });
  const messages = [{ role: 'user' as const, content: 'Say hello.' }];
  try {
    if (status !== 200) await client.chat.completions.create({ model: CHAT.model, messages });
    else for await (const _ of await client.chat.completions.create({ model: CHAT.model, messages, stream: true }));
  } catch (thrown) {
    return thrown as APIError;
  }
  return assert.fail('the client raised nothing');
}

test('every code of the catalogue is provoked, and nothing is provoked that it does not hold', () => {
  const provoked = new Set<string>(CASES.map(({ code }) => code));
  assert.deepEqual([...provoked].sort(), Object.keys(ERROR_CODES).sort());
});

test('the reference page and the catalogue tell the same of the same codes', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/reference/errors.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `([a-z_]+)` \| (\d+) \| (yes|no) \| (.+) \| (.+) \|$/gm)].map((row) =>
    row.slice(1),
  );
  const catalogue = Object.entries(ERROR_CODES).map(([code, { status, retryable, meaning, remedy }]) => [
    code,
    String(status),
    retryable ? 'yes' : 'no',
    meaning,
    remedy,
  ]);
  const sorted = (table: readonly string[][]): string[] => table.map((row) => row.join(' | ')).sort();
  assert.deepEqual(sorted(rows), sorted(catalogue));
});
