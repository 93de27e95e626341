/**
 * What expressions can ask: the one table of facts. A row here is checked where resources are compiled, is on the reference page, and does not
 * compile until the sidecar says how it is worked out (`sidecar/pipeline/facts`). No fact is ever missing: what is not known is empty text.
 */

/** In CEL's words. A map goes from lower-case names to texts. */
type FactType = 'string' | 'int' | 'bool' | 'list<string>' | 'map<string, string>';

export interface FactRow {
  readonly type: FactType;
  /** One sentence, for the reference page. */
  readonly meaning: string;
  /** UTF-16 units of a text, where it may be longer than a name; what the cost of an expression is reckoned by. */
  readonly longest?: number;
}

/** Characters of a prompt that expressions see: of a longer one the last ones. */
export const LONGEST_PROMPT = 16_384;

/** Of the value of a label, in Kubernetes. */
const LONGEST_LABEL = 63;

export const FACTS = {
  request: {
    model: { type: 'string', meaning: 'The model as the client names it; empty where none is asked, as with files.' },
    dialect: { type: 'string', meaning: 'The API that the client speaks, such as `openai-chat`.' },
    operation: { type: 'string', meaning: 'What is asked for, such as `chat` or `embeddings`.' },
    stream: { type: 'bool', meaning: 'The client asks for a stream.' },
    inputTokens: {
      type: 'int',
      meaning: 'Estimate of the input: a token per 4 bytes of text, 1,600 per image or file. Never a count.',
    },
    turns: { type: 'int', meaning: 'Messages of the user in the conversation; 0 where there is none.' },
    hasTools: { type: 'bool', meaning: 'Tools are offered to the model.' },
    hasImages: { type: 'bool', meaning: 'A message or the result of a tool holds an image.' },
    hasCode: { type: 'bool', meaning: 'The prompt holds a fenced block of code (three backticks or tildes).' },
    prompt: {
      type: 'string',
      meaning:
        'What the user says, all messages joined by line ends; beside chats all text of the request. Of a longer text the last 16,384 characters.',
      longest: LONGEST_PROMPT,
    },
    system: {
      type: 'string',
      meaning: 'What system and developer say, joined by line ends. Of a longer text the last 16,384 characters.',
      longest: LONGEST_PROMPT,
    },
    headers: {
      type: 'map<string, string>',
      meaning:
        "Headers of the request, as `request.headers['x-name']`; asked for by lower-case name, and never one that carries a credential.",
      longest: 1_024,
    },
    pii: {
      type: 'bool',
      meaning:
        'The built-in detectors of guardrails find something in the text of the request, or it is in a form that they cannot read.',
    },
    piiKinds: {
      type: 'list<string>',
      meaning:
        "Which of the built-in detectors find something, by their names in `detect`: `'Email' in request.piiKinds`. Of text in a form that they cannot read it cannot be evaluated.",
    },
    task: {
      type: 'string',
      meaning:
        'What it is classified as: `classification`, `extraction`, `summarization`, `question-answering`, `code`, `reasoning`, `chat` or `embedding`; empty where no text is asked for.',
    },
    complexity: { type: 'string', meaning: '`simple`, `moderate` or `complex`; empty as the task is.' },
    latency: {
      type: 'string',
      meaning: '`realtime` or `batch`: by header `x-remora-latency`, else of the AIRoute, else by the stream flag.',
    },
    costClass: { type: 'string', meaning: "The caller's tier, by header `x-remora-tier`." },
  },
  caller: {
    user: { type: 'string', meaning: 'The end user, by header `x-remora-user`, else as the body says.' },
    team: { type: 'string', meaning: 'Of the label `remora.dev/team`.' },
    project: { type: 'string', meaning: 'Of the label `remora.dev/project`.' },
    environment: { type: 'string', meaning: 'Of the label `remora.dev/environment`.' },
    region: {
      type: 'string',
      meaning: 'Of the label `remora.dev/region`; where namespace and pod carry none, by header `x-remora-region`.',
    },
    labels: {
      type: 'map<string, string>',
      meaning: "Labels of the namespace, else of the pod, as `caller.labels['name']`. One that is not there is empty.",
      longest: LONGEST_LABEL,
    },
    tier: { type: 'string', meaning: 'By header `x-remora-tier`.' },
    feature: { type: 'string', meaning: 'By header `x-remora-feature`, else of the pod.' },
    namespace: { type: 'string', meaning: 'Of the pod.' },
    serviceAccount: { type: 'string', meaning: 'Of the pod.' },
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, FactRow>>>>;

export type FactGroup = keyof typeof FACTS;
export type FactName<G extends FactGroup> = keyof (typeof FACTS)[G];

interface ValueOf {
  readonly string: string;
  readonly int: number;
  readonly bool: boolean;
  readonly 'list<string>': readonly string[];
  readonly 'map<string, string>': ReadonlyMap<string, string>;
}

/** What a fact of this name is worth. */
type FactValue<G extends FactGroup, N extends FactName<G>> = (typeof FACTS)[G][N] extends {
  readonly type: infer T extends FactType;
}
  ? ValueOf[T]
  : never;

/** How the facts of a group are worked out of something: a row for each. */
export type FactTable<G extends FactGroup, Of> = { readonly [N in FactName<G>]: (of: Of) => FactValue<G, N> };

/** Headers that prove who somebody is: no expression may ask for them. */
export const CREDENTIAL_HEADERS: ReadonlySet<string> = new Set([
  ...['authorization', 'proxy-authorization', 'cookie', 'set-cookie'],
  ...['x-api-key', 'api-key', 'x-goog-api-key', 'x-amz-security-token'],
]);
