/** What every app of these tests does with its client, and how it says what came of it: one JSON line per model. */
import { z } from 'zod';

export const PROMPT = 'Say hello.';
/** Asked after `PROMPT`. */
export const NEXT_PROMPT = 'What did you say?';
export const WEATHER_PROMPT = 'How is the weather in Rom?';
export const CITY_PROMPT = 'Where is the Colosseum?';

export const weather = {
  name: 'weather',
  description: 'Weather of a city',
  input: z.object({ city: z.string() }),
  run: ({ city }: { readonly city: string }): string => `sun in ${city}`,
};

export const City = z.object({ city: z.string() });

/** JSON Schema of both, for clients that take no zod. */
export const CITY_SCHEMA = {
  type: 'object' as const,
  properties: { city: { type: 'string' as const } },
  required: ['city'],
  additionalProperties: false,
};

export interface Journey {
  plain(model: string): Promise<string>;
  streamed(model: string): Promise<string>;
  /** Calls the tool that the model asks for, gives the result back, and returns the words after it. */
  tools(model: string): Promise<string>;
  /** A second turn, which names the first one instead of repeating it. */
  continued?(model: string): Promise<string>;
  /** An object that the schema describes. */
  structured?(model: string): Promise<unknown>;
  /** The number of dimensions of an embedding. */
  embedded?(model: string): Promise<number>;
}

export async function textOf(pieces: AsyncIterable<string | null | undefined>): Promise<string> {
  let text = '';
  for await (const piece of pieces) text += piece ?? '';
  return text;
}

/** A service may have no objects by schema: what the client says of that is a result too. */
const refused = (error: unknown): { readonly refused: string } => ({ refused: String(error) });

/** The first model has embeddings too, the others have not. */
export async function travel(journey: Journey): Promise<void> {
  for (const [index, model] of process.argv.slice(2).entries()) {
    const result = {
      plain: await journey.plain(model),
      streamed: await journey.streamed(model),
      tools: await journey.tools(model),
      continued: await journey.continued?.(model),
      structured: await journey.structured?.(model).catch(refused),
      embedded: index === 0 ? await journey.embedded?.(model) : undefined,
    };
    console.log(JSON.stringify(result));
  }
}
