/** AWS Bedrock's Converse wire format as the public API writes it (compared with recordings in `test/providers`). */
import { awsEvent, awsException } from '#test/support/aws-frames';
import { bedrockFakeOperationAt } from './bedrock-fake-operations.ts';
import type { Answer, FakeWire } from './script.ts';

const EXCEPTION: Readonly<Record<number, string>> = {
  400: 'ValidationException',
  401: 'UnrecognizedClientException',
  403: 'AccessDeniedException',
  404: 'ResourceNotFoundException',
  408: 'ModelTimeoutException',
  424: 'ModelErrorException',
  429: 'ThrottlingException',
  500: 'InternalServerException',
  503: 'ServiceUnavailableException',
};
const SIGNATURE = 'ZmFrZS1zaWduYXR1cmU=';

const finishOf = (answer: Answer): string => {
  if (answer.finishReason !== undefined) return answer.finishReason;
  if (answer.isCutShort) return 'max_tokens';
  return answer.toolCalls.length > 0 ? 'tool_use' : 'end_turn';
};

const usageOf = ({ inputTokens, outputTokens }: Answer) => ({
  inputTokens,
  outputTokens,
  serverToolUsage: {},
  totalTokens: inputTokens + outputTokens,
});

const contentOf = (answer: Answer): object[] => [
  ...(answer.reasoning === ''
    ? []
    : [{ reasoningContent: { reasoningText: { text: answer.reasoning, signature: SIGNATURE } } }]),
  ...(answer.words.length === 0 ? [] : [{ text: answer.words.join('') }]),
  ...answer.toolCalls.map(({ id, name, arguments: text }) => ({
    toolUse: { toolUseId: id, name, input: JSON.parse(text) },
  })),
];

/** Only a tool call's block has a start. */
const block = (contentBlockIndex: number, start: object | undefined, deltas: readonly object[]): Uint8Array[] => [
  ...(start === undefined ? [] : [awsEvent('contentBlockStart', { contentBlockIndex, start })]),
  ...deltas.map((delta) => awsEvent('contentBlockDelta', { contentBlockIndex, delta })),
  awsEvent('contentBlockStop', { contentBlockIndex }),
];

function blocks(answer: Answer): Uint8Array[] {
  const all: (readonly [object | undefined, readonly object[]])[] = [];
  if (answer.reasoning !== '')
    all.push([
      undefined,
      [{ reasoningContent: { text: answer.reasoning } }, { reasoningContent: { signature: SIGNATURE } }],
    ]);
  if (answer.words.length > 0) all.push([undefined, answer.words.map((text) => ({ text }))]);
  for (const { id, name, arguments: text } of answer.toolCalls)
    all.push([
      { toolUse: { toolUseId: id, name } },
      ['', text.slice(0, text.length >> 1), text.slice(text.length >> 1)].map((input) => ({ toolUse: { input } })),
    ]);
  return all.flatMap(([start, deltas], index) => block(index, start, deltas));
}

const bearer = (authorization: unknown): string | undefined => /^Bearer (.+)$/.exec(String(authorization))?.[1];
const accessKey = (authorization: unknown): string | undefined =>
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\//.exec(String(authorization))?.[1];

export const bedrockFakeWire: FakeWire = {
  path: '/model/{modelId}/converse',
  basePath: '',
  readPath(path) {
    const [, model = '', operation] = /^\/model\/([^/?]+)\/(converse|converse-stream)$/.exec(path) ?? [];
    return operation === undefined
      ? undefined
      : { model: decodeURIComponent(model), stream: operation === 'converse-stream' };
  },
  operationAt: bedrockFakeOperationAt,
  maximumOf: (body) => (body.inferenceConfig as { maxTokens?: number } | undefined)?.maxTokens,
  streamType: 'application/vnd.amazon.eventstream',
  headers: (requestId) => ({ 'x-amzn-requestid': requestId }),
  /** An API key, or the id of a key pair. */
  credential: ({ authorization }) => bearer(authorization) ?? accessKey(authorization),
  events: (answer) => [
    awsEvent('messageStart', { role: 'assistant' }),
    ...blocks(answer),
    awsEvent('messageStop', { stopReason: finishOf(answer) }),
    awsEvent('metadata', { metrics: { latencyMs: 12 }, usage: usageOf(answer) }),
  ],
  body: (answer) => ({
    metrics: { latencyMs: 12 },
    output: { message: { content: contentOf(answer), role: 'assistant' } },
    stopReason: finishOf(answer),
    usage: usageOf(answer),
  }),
  error: (status, { message }) => ({ message: message ?? `The fake provider answers ${status}.` }),
  errorHeaders: (status, { type }) => ({
    'x-amzn-errortype': `${type ?? EXCEPTION[status] ?? 'InternalServerException'}:http://internal.amazon.com/coral/com.amazon.bedrock/`,
  }),
  errorEvent: (type, message) =>
    awsException(type ?? 'modelStreamErrorException', { message: message ?? 'The fake provider failed.' }),
};
