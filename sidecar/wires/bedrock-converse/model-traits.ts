/**
 * What differs between the models behind the one API, by what AWS documents and the API answers. A name that no row knows, such as the
 * ARN of an application inference profile, is asked for everything but reasoning: the API says itself what the model lacks.
 */
export interface ModelTraits {
  /** Whose words its own parameters have; `none`: no way to ask for reasoning is known. */
  readonly reasoning: 'claude' | 'nova' | 'openai' | 'none';
  /** Ways to force a tool that it takes beside `auto`. */
  readonly forcedTools: readonly ('any' | 'tool')[];
  /** Where top_k goes, which the API itself does not know. */
  readonly topK: 'top_k' | 'inferenceConfig' | 'none';
  /** What a cache point may follow. */
  readonly cachePoints: 'everything' | 'text' | 'none';
  /** A cache entry may live an hour. */
  readonly hasLongCache: boolean;
  /** Takes a JSON schema for its answer. */
  readonly hasSchema: boolean;
  /** Takes `strict` tools. */
  readonly hasStrictTools: boolean;
  /** Can be told to call at most one tool, and none. */
  readonly limitsTools: boolean;
  /** Is told that a tool failed. */
  readonly hasToolStatus: boolean;
  readonly hasStop: boolean;
  /** Goes on where a last message of the assistant ends. */
  readonly continuesPrefill: boolean;
  /** Tool ids are nine letters and digits. */
  readonly hasShortToolIds: boolean;
}

const UNKNOWN: ModelTraits = {
  reasoning: 'none',
  forcedTools: ['any', 'tool'],
  topK: 'top_k',
  cachePoints: 'everything',
  hasLongCache: true,
  hasSchema: true,
  hasStrictTools: true,
  limitsTools: false,
  hasToolStatus: true,
  hasStop: true,
  continuesPrefill: true,
  hasShortToolIds: false,
};
const CLAUDE: ModelTraits = { ...UNKNOWN, reasoning: 'claude', limitsTools: true };
const OLD_CLAUDE: ModelTraits = { ...CLAUDE, hasLongCache: false, hasSchema: false, hasStrictTools: false };
/** No Claude, no Nova: neither cache points nor the status of a tool result. */
const OPEN: ModelTraits = {
  ...UNKNOWN,
  forcedTools: ['any'],
  cachePoints: 'none',
  hasToolStatus: false,
  continuesPrefill: false,
};
const NOVA: ModelTraits = {
  ...UNKNOWN,
  topK: 'inferenceConfig',
  cachePoints: 'text',
  hasLongCache: false,
  hasSchema: false,
  hasStrictTools: false,
};

/** The first that matches counts. Names: `us.anthropic.claude-sonnet-4-5-20250929-v1:0`, or an ARN that ends in one. */
const ROWS: readonly (readonly [RegExp, ModelTraits])[] = [
  [/claude-(?:instant|v?[23]\b)/, { ...OLD_CLAUDE, limitsTools: false }],
  [/claude-[a-z]+-4(?:-[01])?(?:$|[-:](?:\d{8}|v\d))/, OLD_CLAUDE],
  [/claude-[a-z]+-4-[56]/, CLAUDE],
  // Bedrock's own copy of the newer models' schema refuses `strict`.
  [/claude/, { ...CLAUDE, hasStrictTools: false }],
  [/amazon\.nova-2/, { ...NOVA, reasoning: 'nova' }],
  [/amazon\./, NOVA],
  [/mistral\./, { ...OPEN, hasShortToolIds: true }],
  [/meta\./, { ...OPEN, forcedTools: [], topK: 'none', hasSchema: false, hasStrictTools: false }],
  [/openai\./, { ...OPEN, reasoning: 'openai', topK: 'none', hasStop: false }],
  [/(?:qwen|deepseek|google|nvidia|minimax|moonshot|cohere|ai21|writer|zai)\./, OPEN],
];

export const traitsOf = (model: string): ModelTraits => ROWS.find(([pattern]) => pattern.test(model))?.[1] ?? UNKNOWN;
