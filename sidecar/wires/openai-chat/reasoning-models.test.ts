import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RemoraError } from '#sidecar/errors/remora-error';
import { openai } from '#sidecar/providers/openai/adapter';
import { Losses } from '#sidecar/wires/losses';
import { buildRequest } from '#test/support/build-request';

const [wire] = openai.wires;
const SAMPLED = { temperature: 0.2, topP: 0.9, presencePenalty: 1, frequencyPenalty: 1, logprobs: {} };
const WORDS = ['temperature', 'top_p', 'presence_penalty', 'frequency_penalty', 'logprobs'];

function sent(model: string, parts: Parameters<typeof buildRequest>[0]) {
  const losses = new Losses(wire.name, 'Drop');
  const body = wire.encodeRequest(buildRequest(parts), model, losses);
  return { body, dropped: losses.dropped };
}

test("OpenAI's models that reason refuse sampling: it is dropped by name, or refused before it is sent", () => {
  for (const model of [
    'o1',
    'o3-mini',
    'o4-mini-2025-04-16',
    'gpt-5',
    'gpt-5-mini',
    'gpt-5-nano-2025-08-07',
    'gpt-5-pro',
  ]) {
    const { body, dropped } = sent(model, SAMPLED);
    assert.deepEqual([...dropped].sort(), [...WORDS].sort(), model);
    assert.deepEqual(
      WORDS.filter((word) => body[word] !== undefined),
      [],
      model,
    );
    assert.throws(
      () => wire.encodeRequest(buildRequest({ temperature: 0.2 }), model, new Losses(wire.name, 'Refuse')),
      (error) => error instanceof RemoraError && error.details.param === 'temperature',
    );
  }
});

test('what says nothing is lost by nobody, and the other models are sent their sampling', () => {
  assert.deepEqual(sent('gpt-5', { temperature: 1, topP: 1, presencePenalty: 0 }).dropped, []);
  for (const model of ['gpt-4.1', 'gpt-4o', 'gpt-5-chat-latest', 'gpt-5.2', 'gpt-5.1-mini', 'chatgpt-4o-latest']) {
    const { body, dropped } = sent(model, SAMPLED);
    assert.deepEqual(dropped, [], model);
    assert.deepEqual([body.temperature, body.top_p], [0.2, 0.9], model);
  }
});
