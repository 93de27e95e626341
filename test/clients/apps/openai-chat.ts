/** The official OpenAI client, Chat Completions and embeddings; its class for Azure where the environment names a version of that API. */
import OpenAI, { AzureOpenAI } from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import type { ChatCompletionMessageParam } from 'openai/resources';
import { CITY_PROMPT, CITY_SCHEMA, City, PROMPT, travel, WEATHER_PROMPT, weather } from './journey.ts';

const isAzure = process.env.OPENAI_API_VERSION !== undefined;
const client = isAzure ? new AzureOpenAI({ maxRetries: 0 }) : new OpenAI({ maxRetries: 0 });

const messages: ChatCompletionMessageParam[] = [{ role: 'user', content: PROMPT }];

await travel({
  async plain(model) {
    const answer = await client.chat.completions.create({ model, messages });
    return answer.choices[0]?.message.content ?? '';
  },
  async streamed(model) {
    return (await client.chat.completions.stream({ model, messages }).finalContent()) ?? '';
  },
  async tools(model) {
    const runner = client.chat.completions.runTools({
      model,
      messages: [{ role: 'user', content: WEATHER_PROMPT }],
      tools: [
        {
          type: 'function',
          function: {
            name: weather.name,
            description: weather.description,
            parameters: CITY_SCHEMA,
            parse: (text: string) => weather.input.parse(JSON.parse(text)),
            function: weather.run,
          },
        },
      ],
    });
    return (await runner.finalContent()) ?? '';
  },
  async structured(model) {
    const answer = await client.chat.completions.parse({
      model,
      messages: [{ role: 'user', content: CITY_PROMPT }],
      response_format: zodResponseFormat(City, 'city'),
    });
    return answer.choices[0]?.message.parsed;
  },
  async embedded(model: string) {
    const answer = await client.embeddings.create({ model, input: PROMPT });
    return answer.data[0]?.embedding.length ?? 0;
  },
});
