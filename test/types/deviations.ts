/** What is meant to be of no SDK's type, and why. Anything else must be, and what stands here must not be. */
interface Deviation {
  /** Of the name of a value. */
  readonly pattern: RegExp;
  readonly why: string;
}

const FUTURE = 'a word or part that no SDK knows yet: it is carried on and not made into another';
const SERVER = 'a server that differs from the API which it imitates, as recorded: the reason for the fixture';
const IN_STREAM = 'an error in the place of an event, which SDKs raise and do not type';

export const DEVIATIONS: readonly Deviation[] = [
  { pattern: /unknown-stop-reason/, why: FUTURE },
  { pattern: /^as (openai-chat|anthropic-messages)\/.*(no-usage|queued|malformed-function-call)/, why: FUTURE },
  { pattern: /gemini\/fixtures\/future-part/, why: FUTURE },
  { pattern: /openai-compatible.*interrupted/, why: FUTURE },
  { pattern: /(openai|openai-compatible|azure-openai|gemini)\/fixtures\/error-in-200\.sse/, why: IN_STREAM },
  { pattern: /bedrock\/fixtures\/exception-[a-z-]+\.frames/, why: IN_STREAM },
  { pattern: /bedrock\/fixtures\/without-start/, why: SERVER },
  { pattern: /bedrock\/fixtures\/reasoning-and-tools\.json/, why: SERVER },
  {
    pattern: /gemini\/fixtures\/recitation\./,
    why: 'Gemini says citationSources where Vertex AI, and the SDK, say citations',
  },
  { pattern: /openai-compatible\/fixtures\/(no-usage\.json|tool-call\.sse|thinking-parts\.sse)/, why: SERVER },
  {
    pattern: /fixtures\/mistral\/[a-z-]+\.(sse|request\.json)/,
    why: 'Mistral has words of its own: any, thinking, model_length',
  },
  {
    pattern: /(azure-openai\/fixtures\/[a-z-]+|openai\/fixtures\/content-filter)\.sse/,
    why: 'Azure sends its filters in chunks that are otherwise empty',
  },
  {
    pattern: /^body_too_large as anthropic-messages/,
    why: 'the API documents request_too_large, and the SDK does not have it',
  },
  { pattern: /openai-responses\/fixtures\/full\.request/, why: 'the detail of an image is auto where nothing is said' },
  { pattern: /multi-line-data\.sse/, why: 'a chunk without all its members, about lines' },
  { pattern: /proto-key/, why: 'members that no API has, about prototypes' },
  {
    pattern: /openai-responses\/fixtures\/(reasoning-turn|tool-results)\.request\.json/,
    why: "the SDK has no answer of an assistant without an id; Codex sends them so, and OpenAI's service takes them",
  },
  {
    pattern: /openai-embeddings\/fixtures\/out-of-order\.json/,
    why: 'one vector in numbers and one in Base64, which no service mixes: about their order, and of both',
  },
];

export const deviationOf = (name: string): Deviation | undefined =>
  DEVIATIONS.find(({ pattern }) => pattern.test(name));
