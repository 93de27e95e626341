import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChatRequest } from '#sidecar/canonical/chat-request';
import type { JsonObject } from '#sidecar/canonical/json';
import { decodeRequest as fromAnthropic } from '#sidecar/dialects/anthropic-messages/decode-request';
import { decodeRequest as fromChat } from '#sidecar/dialects/openai-chat/decode-request';
import { Losses } from './losses.ts';
import { encodeRequest as toResponses } from './openai-responses/encode-request.ts';
import { fitsStrict } from './strict-schema.ts';

const CITY = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
};

test('fitsStrict() takes what OpenAI does: objects whose properties are all required, and no others allowed', () => {
  const nested = (inner: JsonObject): JsonObject => ({ ...CITY, properties: { city: inner } });
  for (const schema of [
    CITY,
    nested(CITY),
    nested({ type: 'array', items: CITY }),
    nested({ anyOf: [{ type: 'null' }, CITY] }),
    { ...CITY, $defs: { city: CITY }, properties: { city: { $ref: '#/$defs/city' } } },
  ])
    assert.ok(fitsStrict(schema), JSON.stringify(schema));
  const { additionalProperties: _, ...open } = CITY;
  const optional = { ...CITY, required: [] };
  for (const schema of [
    {},
    open,
    optional,
    nested(open),
    nested({ type: 'array', items: optional }),
    nested({ anyOf: [{ type: 'null' }, optional] }),
    { ...CITY, $defs: { city: open } },
    nested({ type: ['object', 'null'] }),
    nested({ type: 'string', format: 'uri' }),
    nested({ allOf: [CITY] }),
    { type: 'array', items: CITY },
    { anyOf: [CITY], type: 'object' },
  ])
    assert.ok(!fitsStrict(schema), JSON.stringify(schema));
});

const ANTHROPIC = { model: 'm', max_tokens: 99, messages: [{ role: 'user', content: 'Hi' }] };

function sent(request: ChatRequest): { readonly strict: unknown; readonly dropped: readonly string[] } {
  const losses = new Losses('OpenAI', 'Refuse');
  const body = toResponses(request, 'gpt-5.5', losses);
  const { format } = body.text as { format: { strict?: boolean } };
  return { strict: format.strict, dropped: losses.dropped };
}

test('a schema that Anthropic enforces and OpenAI would refuse as strict is followed as well as the model can, and that is named', () => {
  const asked = (schema: JsonObject) =>
    sent(fromAnthropic({ ...ANTHROPIC, output_config: { format: { type: 'json_schema', schema } } }));
  assert.deepEqual(asked(CITY), { strict: true, dropped: [] });
  assert.deepEqual(asked({ ...CITY, required: [] }), { strict: false, dropped: ['response_format.strict'] });
});

test('strictness that a client asks for in so many words is asked for, whatever the schema', () => {
  const asked = (strict: boolean | undefined) =>
    sent(
      fromChat({
        model: 'm',
        messages: [{ role: 'user', content: 'Hi' }],
        response_format: { type: 'json_schema', json_schema: { name: 'x', schema: {}, strict } },
      }),
    );
  assert.deepEqual(asked(true), { strict: true, dropped: [] });
  assert.deepEqual(asked(false), { strict: false, dropped: [] });
  assert.deepEqual(asked(undefined), { strict: undefined, dropped: [] });
});
