/**
 * The app of the journeys: the official `openai` package, unmodified, with nothing but its environment to go by. Asks as often as
 * told, one after the other, and prints one JSON line per answer: `{ok, text, target}` or `{ok: false, status, message, …}`.
 */
import { parseArgs } from 'node:util';
import OpenAI from 'openai';

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'chat' },
    prompt: { type: 'string', default: 'hello' },
    stream: { type: 'boolean', default: false },
    count: { type: 'string', default: '1' },
    'max-tokens': { type: 'string' },
  },
});

const client = new OpenAI({ maxRetries: 0, timeout: 30_000 });
const request = {
  model: values.model,
  messages: [{ role: 'user' as const, content: values.prompt }],
  ...(values['max-tokens'] !== undefined && { max_tokens: Number(values['max-tokens']) }),
};

async function ask(): Promise<object> {
  if (values.stream) {
    const stream = await client.chat.completions.create({ ...request, stream: true });
    const parts: string[] = [];
    for await (const chunk of stream) parts.push(chunk.choices[0]?.delta.content ?? '');
    return { ok: true, text: parts.join(''), chunks: parts.length };
  }
  const { data, response } = await client.chat.completions.create(request).withResponse();
  return { ok: true, text: data.choices[0]?.message.content, target: response.headers.get('x-remora-target') };
}

async function main(): Promise<void> {
  for (let index = 0; index < Number(values.count); index++) {
    const answer = await ask().catch((error: unknown) => {
      if (!(error instanceof OpenAI.APIError)) return { ok: false, message: String(error) };
      const { status, message, code, type } = error;
      return { ok: false, status, message, code, type, retryAfter: error.headers?.get('retry-after') ?? null };
    });
    console.log(JSON.stringify(answer));
  }
}

void main();
