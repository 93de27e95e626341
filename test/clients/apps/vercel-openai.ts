/** The Vercel AI SDK with OpenAI's Responses, which is what it takes by default. */
import { openai } from '@ai-sdk/openai';
import { embed, generateText, type ModelMessage, streamText } from 'ai';
import { NEXT_PROMPT, PROMPT, travel } from './journey.ts';
import { vercelJourney } from './vercel.ts';

await travel({
  ...vercelJourney(openai),
  async continued(name) {
    const model = openai(name);
    const first: ModelMessage = { role: 'user', content: PROMPT };
    const { responseMessages } = await generateText({ model, messages: [first], maxRetries: 0 });
    const messages: ModelMessage[] = [first, ...responseMessages, { role: 'user', content: NEXT_PROMPT }];
    return streamText({ model, messages, maxRetries: 0 }).text;
  },
  async embedded(model) {
    return (await embed({ model: openai.embedding(model), value: PROMPT, maxRetries: 0 })).embedding.length;
  },
});
