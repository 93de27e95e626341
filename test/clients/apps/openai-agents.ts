/** OpenAI Agents, which speaks Responses through OpenAI's own client. */
import { Agent, run, setTracingDisabled, tool } from '@openai/agents';
import { CITY_PROMPT, City, NEXT_PROMPT, PROMPT, textOf, travel, WEATHER_PROMPT, weather } from './journey.ts';

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
  async continued(model) {
    const agent = new Agent({ name: 'app', model });
    const { lastResponseId } = await run(agent, PROMPT);
    const next = await run(
      agent,
      NEXT_PROMPT,
      lastResponseId === undefined ? {} : { previousResponseId: lastResponseId },
    );
    return next.finalOutput ?? '';
  },
  async structured(model) {
    return (await run(new Agent({ name: 'app', model, outputType: City }), CITY_PROMPT)).finalOutput;
  },
});
