/** OpenAI Agents, which speaks Responses through OpenAI's own client. */
import { Agent, run, setTracingDisabled, tool } from '@openai/agents';
import { CITY_PROMPT, City, PROMPT, textOf, travel, WEATHER_PROMPT, weather } from './journey.ts';

setTracingDisabled(true);

const { name, description, input, run: execute } = weather;
const tools = [tool({ name, description, parameters: input, execute: async (asked) => execute(asked) })];

await travel({
  async plain(model) {
    return (await run(new Agent({ name: 'app', model }), PROMPT)).finalOutput ?? '';
  },
  async streamed(model) {
    const running = await run(new Agent({ name: 'app', model }), PROMPT, { stream: true });
    return textOf(running.toTextStream());
  },
  async tools(model) {
    return (await run(new Agent({ name: 'app', model, tools }), WEATHER_PROMPT)).finalOutput ?? '';
  },
  async structured(model) {
    return (await run(new Agent({ name: 'app', model, outputType: City }), CITY_PROMPT)).finalOutput;
  },
});
