/** Chat Completions as Azure OpenAI serves them: key in a header of its own, content filters in every answer, first of all for the prompt. */
import { openaiFakeOperations } from './openai-fake-operations.ts';
import { openaiFakeWire } from './openai-fake-wire.ts';
import { openaiResponsesFakeWire } from './openai-responses-fake-wire.ts';
import type { Answer, FakeWire } from './script.ts';

const SAFE = {
  hate: { filtered: false, severity: 'safe' },
  self_harm: { filtered: false, severity: 'safe' },
  sexual: { filtered: false, severity: 'safe' },
  violence: { filtered: false, severity: 'safe' },
};

/** The answer names the model, whatever the deployment is called. */
const named = (answer: Answer): Answer => ({ ...answer, model: 'gpt-4o-2024-11-20' });

/** Comes before everything else, with no id and no choices. */
const PROMPT_FILTER = `data: ${JSON.stringify({
  choices: [],
  created: 0,
  id: '',
  model: '',
  object: '',
  prompt_filter_results: [{ prompt_index: 0, content_filter_results: SAFE }],
})}\n\n`;

const credential: FakeWire['credential'] = (headers) =>
  typeof headers['api-key'] === 'string'
    ? headers['api-key']
    : /^Bearer (.+)$/.exec(String(headers.authorization))?.[1];

const LACKS = new Set(['/moderations', '/rerank']);

/** The operations beside chat that stand at a door, which is the path of its chat. */
const operationsAt = (path: string): NonNullable<FakeWire['operations']> =>
  Object.fromEntries(
    Object.entries(openaiFakeOperations).flatMap(([place, operate]) => {
      const operation = place.replace('/v1', '');
      return LACKS.has(operation) ? [] : [[path.replace('/chat/completions', operation), operate]];
    }),
  );

const COMMON = {
  basePath: '',
  headers: (requestId: string) => ({ 'apim-request-id': requestId, 'x-ms-region': 'Sweden Central' }),
  credential,
};

/** Responses, as the door without versions has them. */
export const azureResponsesFakeWire: FakeWire = {
  ...openaiResponsesFakeWire,
  ...COMMON,
  path: '/openai/v1/responses',
  operations: {},
  events: (answer) => openaiResponsesFakeWire.events(named(answer)),
  body: (answer) => ({ ...openaiResponsesFakeWire.body(named(answer)), content_filters: null }),
};

export const azureFakeWire = (path: string): FakeWire => ({
  ...openaiFakeWire,
  ...COMMON,
  path,
  operations: operationsAt(path),
  events: (answer) => [PROMPT_FILTER, ...openaiFakeWire.events(named(answer))],
  body: (answer) => ({
    ...openaiFakeWire.body(named(answer)),
    prompt_filter_results: [{ prompt_index: 0, content_filter_results: SAFE }],
  }),
});
