/** The official OpenAI client, Responses. */
import OpenAI from 'openai';
import { zodTextFormat } from 'openai/helpers/zod';
import type { ResponseInput } from 'openai/resources/responses/responses';
import { CITY_PROMPT, CITY_SCHEMA, City, NEXT_PROMPT, PROMPT, travel, WEATHER_PROMPT, weather } from './journey.ts';

const client = new OpenAI({ maxRetries: 0 });
const tools = [
  {
    type: 'function' as const,
    name: weather.name,
    description: weather.description,
    parameters: CITY_SCHEMA,
    strict: true,
  },
];

await travel({
  async plain(model) {
    return (await client.responses.create({ model, input: PROMPT })).output_text;
  },
  async streamed(model) {
    return (await client.responses.stream({ model, input: PROMPT }).finalResponse()).output_text;
  },
  async tools(model) {
    const input: ResponseInput = [{ role: 'user', content: WEATHER_PROMPT }];
    const { output } = await client.responses.create({ model, input, tools });
    for (const item of output)
      if (item.type === 'function_call') {
        const { type, call_id, name, arguments: text } = item;
        const result = weather.run(weather.input.parse(JSON.parse(text)));
        input.push({ type, call_id, name, arguments: text }, { type: 'function_call_output', call_id, output: result });
      }
    return (await client.responses.create({ model, input, tools })).output_text;
  },
  async continued(model) {
    const { id } = await client.responses.stream({ model, input: PROMPT }).finalResponse();
    return (await client.responses.create({ model, input: NEXT_PROMPT, previous_response_id: id })).output_text;
  },
  async structured(model) {
    const format = zodTextFormat(City, 'city');
    return (await client.responses.parse({ model, input: CITY_PROMPT, text: { format } })).output_parsed;
  },
});
