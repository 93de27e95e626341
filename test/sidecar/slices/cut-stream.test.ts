/** A stream that outgrows its limit ends as at the maximum of tokens, in every dialect over every wire, and is booked within the limit. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CHAT_DIALECTS } from '#test/matrix/cells';
import { until } from '#test/sidecar/start-sidecar';
import { SERVICES, startSliced } from './start-sliced.ts';

/** Far more bytes than the limit has tokens. */
const LONG = 'seven77 '.repeat(2_000);
const NEVER = new Promise<never>(() => {});
const ENDS: Readonly<Record<string, string>> = {
  'openai-chat': 'length',
  'openai-responses': 'max_output_tokens',
  'anthropic-messages': 'max_tokens',
  'gemini-generate-content': 'MAX_TOKENS',
};

for (const service of SERVICES)
  for (const dialect of service.dialects ?? CHAT_DIALECTS)
    test(`a stream of ${service.name} that outgrows its limit ends legally for a client of ${dialect}`, async (t) => {
      const { provider, running, gate, ask, book } = await startSliced(t, service);
      // It writes on, more than fits, and has not ended when the limit is reached.
      provider.respondWith({ text: LONG, hold: { afterEvents: 600, until: NEVER } });
      const { status, body, reading } = await ask(dialect);
      assert.equal(status, 200);
      assert.equal(reading?.finish, ENDS[dialect], body.slice(-2_000));
      assert.equal(reading?.error, undefined);
      const text = reading?.text.trimEnd() ?? '';
      assert.ok(text.length > 1_000 && LONG.startsWith(text), `${text.length} characters`);
      assert.match(body, /^: remora ended by AIBudget default\/limits limit day$/m);
      await until(() => provider.requests[0]?.wasAborted === true, 'the provider is told to stop');
      await until(() => running.records.length === 1, 'it is recorded');
      const [record] = running.records;
      assert.deepEqual(
        [record?.outcome, record?.status, record?.decidedBy, record?.attempts[0]?.outcome],
        ['rate_limit_exceeded', 200, 'AIBudget default/limits limit day', 'cut_by_budget'],
      );
      await gate.close();
      const { spent, held } = await book();
      assert.ok(spent <= 3_000n && spent >= BigInt(text.length), `${spent} for ${text.length}`);
      assert.equal(held, 0n);
      assert.deepEqual(running.faults, []);
    });
