/** The vendors' own clients read a stream that its limit ended as one that reached its maximum of tokens. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';
import { SERVICES, type Service, startSliced } from './start-sliced.ts';

const NEVER = new Promise<never>(() => {});
const TEXT = 'seven77 '.repeat(2_000);
const service = (name: string): Service => SERVICES.find((each) => each.name === name) as Service;

async function start(t: Parameters<typeof startSliced>[0], name: string) {
  const started = await startSliced(t, service(name));
  started.provider.respondWith({ text: TEXT, hold: { afterEvents: 600, until: NEVER } });
  return started.running.url;
}

const isBeginning = (text: string | null | undefined): void =>
  assert.ok(text && text.length > 1_000 && TEXT.startsWith(text.trimEnd()), String(text?.length));

for (const name of ['OpenAI', 'Anthropic'])
  test(`OpenAI's client of Chat Completions, over ${name}`, async (t) => {
    const client = new OpenAI({ baseURL: `${await start(t, name)}/v1`, apiKey: 'x', maxRetries: 0 });
    const stream = client.chat.completions.stream({ model: 'chat', messages: [{ role: 'user', content: 'Go.' }] });
    const { choices } = await stream.finalChatCompletion();
    assert.equal(choices[0]?.finish_reason, 'length');
    isBeginning(choices[0]?.message.content);
  });

for (const name of ['OpenAI, Responses', 'Gemini'])
  test(`OpenAI's client of Responses, over ${name}`, async (t) => {
    const client = new OpenAI({ baseURL: `${await start(t, name)}/v1`, apiKey: 'x', maxRetries: 0 });
    const response = await client.responses.stream({ model: 'chat', input: 'Go.' }).finalResponse();
    assert.deepEqual([response.status, response.incomplete_details?.reason], ['incomplete', 'max_output_tokens']);
    isBeginning(response.output_text);
  });

for (const name of ['Anthropic', 'OpenAI'])
  test(`Anthropic's client, over ${name}`, async (t) => {
    const client = new Anthropic({ baseURL: await start(t, name), apiKey: 'x', maxRetries: 0 });
    const stream = client.messages.stream({
      model: 'chat',
      max_tokens: 8_000,
      messages: [{ role: 'user', content: 'Go.' }],
    });
    const message = await stream.finalMessage();
    assert.equal(message.stop_reason, 'max_tokens');
    isBeginning(await stream.finalText());
  });

for (const name of ['Gemini', 'Anthropic'])
  test(`Google's client, over ${name}`, async (t) => {
    const client = new GoogleGenAI({ apiKey: 'x', httpOptions: { baseUrl: await start(t, name) } });
    let text = '';
    let finish: string | undefined;
    for await (const chunk of await client.models.generateContentStream({ model: 'chat', contents: 'Go.' })) {
      text += chunk.text ?? '';
      finish = chunk.candidates?.[0]?.finishReason ?? finish;
    }
    assert.equal(finish, 'MAX_TOKENS');
    isBeginning(text);
  });
