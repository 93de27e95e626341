/** Google's generateContent wire format as the public APIs write it (compared with recordings in `test/providers`). */
import {
  type BlockedReason,
  type Candidate,
  type Content,
  FinishReason,
  type GenerateContentResponse,
  type Part,
} from '@google/genai';
import { geminiFakeOperationAt, vertexFakeOperationAt } from './google-fake-operations.ts';
import type { Answer, FakeWire } from './script.ts';

/** What the wire holds of the SDK's answer, whose getters are its own. */
type Wire = Pick<
  GenerateContentResponse,
  'candidates' | 'promptFeedback' | 'usageMetadata' | 'modelVersion' | 'responseId'
>;

const SIGNATURE = 'ZmFrZS10aG91Z2h0LXNpZ25hdHVyZQ==';
const frame = (data: object): string => `data: ${JSON.stringify(data)}\r\n\r\n`;

const STATUS_WORD: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  503: 'UNAVAILABLE',
};

const usageOf = (answer: Answer, output: number): Wire['usageMetadata'] => ({
  promptTokenCount: answer.inputTokens,
  candidatesTokenCount: output,
  totalTokenCount: answer.inputTokens + output,
});

const headOf = (answer: Answer): Wire => ({ modelVersion: answer.model, responseId: answer.id });

const finishOf = (answer: Answer): FinishReason => {
  // A script states the API's own word.
  if (answer.finishReason !== undefined) return answer.finishReason as FinishReason;
  return answer.isCutShort ? FinishReason.MAX_TOKENS : FinishReason.STOP;
};

/** Only the first of parallel calls has a signature, and no call has an id. */
const callParts = (answer: Answer): Part[] =>
  answer.toolCalls.map(({ name, arguments: text }, index) => ({
    functionCall: { name, args: JSON.parse(text) },
    ...(index === 0 && { thoughtSignature: SIGNATURE }),
  }));

const thoughtParts = ({ reasoning }: Answer): Part[] => (reasoning === '' ? [] : [{ text: reasoning, thought: true }]);

const candidate = (parts: Part[], more: Candidate = {}): Candidate => ({
  content: { parts, role: 'model' },
  ...more,
  index: 0,
});

/** A script that states `blockReason.<WORD>` as the finish reason has its prompt blocked. */
const BLOCK = /^blockReason\.(\w+)$/;

function blockedBody(answer: Answer): Wire | undefined {
  const reason = BLOCK.exec(answer.finishReason ?? '')?.[1];
  if (reason === undefined) return undefined;
  const usageMetadata = { promptTokenCount: answer.inputTokens, totalTokenCount: answer.inputTokens };
  return { promptFeedback: { blockReason: reason as BlockedReason }, usageMetadata, ...headOf(answer) };
}

/** As Gemini 3 checks the running turn: the first call of each step has a proof. Neighbouring contents of the model are one step. */
function refusalOf(body: { readonly [key: string]: unknown }): string | undefined {
  const contents = body.contents as Content[] | undefined;
  if (!Array.isArray(contents)) return 'contents is not specified';
  const begin = contents.findLastIndex(({ role, parts = [] }) => role !== 'model' && parts.some(({ text }) => text));
  let isFirst = true;
  for (const { role, parts = [] } of contents.slice(begin + 1)) {
    if (role !== 'model') isFirst = true;
    for (const part of parts) {
      if (part.functionCall === undefined) continue;
      if (isFirst && !part.thoughtSignature)
        return 'Function call is missing a thought_signature in functionCall parts.';
      isFirst = false;
    }
  }
  return undefined;
}

/** An empty query and one twice, as the API really answers. */
const groundingOf = ({ searches }: Answer): Partial<Candidate> => {
  const queries = Array.from({ length: searches }, (_, index) => `query ${index}`);
  return searches === 0 ? {} : { groundingMetadata: { webSearchQueries: ['', ...queries, ...queries.slice(0, 1)] } };
};

function events(answer: Answer): string[] {
  const chunk = (part: Part, output: number) =>
    frame({
      candidates: [candidate([part])],
      usageMetadata: usageOf(answer, output),
      ...headOf(answer),
    } satisfies Wire);
  const blocked = blockedBody(answer);
  if (blocked !== undefined) return [frame(blocked)];
  const last: Wire = {
    candidates: [candidate([{ text: '' }], { finishReason: finishOf(answer), ...groundingOf(answer) })],
    usageMetadata: usageOf(answer, answer.outputTokens),
    ...headOf(answer),
  };
  return [
    ...thoughtParts(answer).map((part) => chunk(part, 0)),
    ...answer.words.map((text, index) => chunk({ text }, index + 1)),
    ...callParts(answer).map((part) => chunk(part, answer.words.length)),
    frame(last),
  ];
}

/** Path of the model's resource and what follows it. */
const METHOD = /^\/v1beta\/models\/([^/:]+):(generateContent|streamGenerateContent\?alt=sse)$/;

const readPath = (method: RegExp) => (path: string) => {
  const [, model, action] = method.exec(path) ?? [];
  return model === undefined ? undefined : { model: decodeURIComponent(model), stream: action !== 'generateContent' };
};

export const geminiFakeWire: FakeWire = {
  path: '/v1beta/models/m:generateContent',
  readPath: readPath(METHOD),
  operationAt: geminiFakeOperationAt,
  basePath: '/v1beta',
  // None names the request: the answer's own id does.
  headers: () => ({ 'server-timing': 'gfet4t7; dur=12' }),
  credential: (headers) => (typeof headers['x-goog-api-key'] === 'string' ? headers['x-goog-api-key'] : undefined),
  maximumOf: ({ generationConfig }) => (generationConfig as { maxOutputTokens?: number } | undefined)?.maxOutputTokens,
  refuse: refusalOf,
  events,
  body: (answer) =>
    blockedBody(answer) ??
    ({
      candidates: [
        candidate(
          [
            ...thoughtParts(answer),
            ...(answer.words.length > 0 ? [{ text: answer.words.join('') }] : []),
            ...callParts(answer),
          ],
          { finishReason: finishOf(answer), ...groundingOf(answer) },
        ),
      ],
      usageMetadata: usageOf(answer, answer.outputTokens),
      ...headOf(answer),
    } satisfies Wire),
  error: (status, { type, message, details }) => ({
    error: {
      code: status,
      message: message ?? `The fake provider answers ${status}.`,
      status: type ?? STATUS_WORD[status] ?? 'UNKNOWN',
      ...(details !== undefined && { details }),
    },
  }),
  errorEvent: (type, message) =>
    frame({
      error: { code: 503, message: message ?? 'The model is overloaded.', status: type ?? 'UNAVAILABLE' },
    }),
};

const VERTEX_METHOD =
  /^\/v1\/projects\/[^/]+\/locations\/[^/]+\/publishers\/google\/models\/([^/:]+):(generateContent|streamGenerateContent\?alt=sse)$/;

export const vertexFakeWire: FakeWire = {
  ...geminiFakeWire,
  path: '/v1/projects/p/locations/l/publishers/google/models/m:generateContent',
  readPath: readPath(VERTEX_METHOD),
  operationAt: vertexFakeOperationAt,
  basePath: '',
  credential: (headers) => /^Bearer (.+)$/.exec(String(headers.authorization))?.[1],
  refuse: (body) =>
    /"function(?:Call|Response)":\{"id"/.test(JSON.stringify(body))
      ? 'Invalid JSON payload received. Unknown name "id" at \'contents[1].parts[0].function_call\': Cannot find field.'
      : refusalOf(body),
};
