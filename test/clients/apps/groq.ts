/** Groq's own client, which speaks OpenAI's Chat Completions under a path of its own. */
import Groq from 'groq-sdk';
import type { ChatCompletionMessageParam } from 'groq-sdk/resources/chat/completions';
import { CITY_PROMPT, CITY_SCHEMA, PROMPT, travel, WEATHER_PROMPT, weather } from './journey.ts';

const client = new Groq({ maxRetries: 0 });
const tools = [
  {
    type: 'function' as const,
    function: { name: weather.name, description: weather.description, parameters: CITY_SCHEMA },
  },
];

const asking = (content: string): ChatCompletionMessageParam[] => [{ role: 'user', content }];

await travel({
  async plain(model) {
    const answer = await client.chat.completions.create({ model, messages: asking(PROMPT) });
    return answer.choices[0]?.message.content ?? '';
  },
  async streamed(model) {
    let text = '';
    for await (const chunk of await client.chat.completions.create({ model, messages: asking(PROMPT), stream: true }))
      text += chunk.choices[0]?.delta.content ?? '';
    return text;
  },
  async tools(model) {
    const messages = asking(WEATHER_PROMPT);
    const called = (await client.chat.completions.create({ model, messages, tools })).choices[0]?.message;
    if (called === undefined) throw new Error('no answer');
    messages.push(called);
    for (const { id, function: asked } of called.tool_calls ?? [])
      messages.push({
        role: 'tool',
        tool_call_id: id,
        content: weather.run(weather.input.parse(JSON.parse(asked.arguments))),
      });
    const answer = await client.chat.completions.create({ model, messages, tools });
    return answer.choices[0]?.message.content ?? '';
  },
  async structured(model) {
    const answer = await client.chat.completions.create({
      model,
      messages: asking(CITY_PROMPT),
      response_format: { type: 'json_schema', json_schema: { name: 'city', schema: CITY_SCHEMA } },
    });
    return JSON.parse(answer.choices[0]?.message.content ?? '');
  },
});
