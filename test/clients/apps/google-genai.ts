/** Google's official client: for the Gemini API, or for Vertex AI where the environment says so. */
import { type Content, GoogleGenAI } from '@google/genai';
import { CITY_PROMPT, CITY_SCHEMA, PROMPT, travel, WEATHER_PROMPT, weather } from './journey.ts';

const client = new GoogleGenAI({});

const declaration = { name: weather.name, description: weather.description, parametersJsonSchema: CITY_SCHEMA };
const config = { tools: [{ functionDeclarations: [declaration] }] };

await travel({
  async plain(model) {
    return (await client.models.generateContent({ model, contents: PROMPT })).text ?? '';
  },
  async streamed(model) {
    const chunks = await client.models.generateContentStream({ model, contents: PROMPT });
    let text = '';
    for await (const chunk of chunks) text += chunk.text ?? '';
    return text;
  },
  async tools(model) {
    const asked: Content = { role: 'user', parts: [{ text: WEATHER_PROMPT }] };
    const called = await client.models.generateContent({ model, contents: [asked], config });
    const results = (called.functionCalls ?? []).map(({ id, name = '', args }) => ({
      functionResponse: { ...(id && { id }), name, response: { output: weather.run(weather.input.parse(args)) } },
    }));
    const turn = called.candidates?.[0]?.content ?? {};
    const contents = [asked, turn, { role: 'user', parts: results }];
    return (await client.models.generateContent({ model, contents, config })).text ?? '';
  },
  async structured(model) {
    const answer = await client.models.generateContent({
      model,
      contents: CITY_PROMPT,
      config: { responseMimeType: 'application/json', responseJsonSchema: CITY_SCHEMA },
    });
    return JSON.parse(answer.text ?? '');
  },
  async embedded(model) {
    const { embeddings } = await client.models.embedContent({ model, contents: PROMPT });
    return embeddings?.[0]?.values?.length ?? 0;
  },
});
