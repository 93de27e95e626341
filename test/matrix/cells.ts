/** What the matrix of translation promises: every cell works but those that stand here, each with its reason. */
import { DIALECTS } from '#sidecar/dialects/index';
import { SERVICES } from './services.ts';

export const CASES = [
  'text',
  'tools',
  'parallel tools',
  'thinking',
  'image',
  'schema',
  'refusal',
  'error in 200',
  'cut',
] as const;
export type Case = (typeof CASES)[number];

export const MODES = ['plain', 'streamed'] as const;
export type Mode = (typeof MODES)[number];

/** An error under 200 is a matter of streams: a plain answer that is an error has a status. */
export const modesOf = (name: Case): readonly Mode[] => (name === 'error in 200' ? ['streamed'] : MODES);

/** Ids of the dialects that the matrix is about, in the order of their registry. */
export const CHAT_DIALECTS: readonly string[] = DIALECTS.flatMap(({ id, operation }) =>
  operation === 'chat' ? [id] : [],
);

/** `refused`: with 400 and before anything is sent, since the service cannot do it. `broken`: it should work and does not. */
export type Exception =
  | { readonly kind: 'refused'; readonly why: string; readonly link: string }
  | { readonly kind: 'broken'; readonly why: string };

interface Row {
  readonly service: string;
  readonly case: Case;
  /** Default: all. */
  readonly dialects?: readonly string[];
  readonly exception: Exception;
}

const ROWS: readonly Row[] = [
  {
    service: 'DeepSeek',
    case: 'schema',
    exception: {
      kind: 'refused',
      why: 'its Chat Completions know JSON, but no schema of it',
      link: 'https://api-docs.deepseek.com/api/create-chat-completion',
    },
  },
];

export const exceptionAt = (dialect: string, service: string, name: Case): Exception | undefined =>
  ROWS.find((row) => row.service === service && row.case === name && (row.dialects?.includes(dialect) ?? true))
    ?.exception;

/** Rows that are about nothing that the matrix has. */
export const strayRows = (): string[] =>
  ROWS.filter(
    ({ service, dialects = [] }) =>
      SERVICES[service] === undefined || dialects.some((dialect) => !CHAT_DIALECTS.includes(dialect)),
  ).map((row) => `${row.service}, ${row.case}: no such cell; see ROWS in test/matrix/cells.ts`);

/** Refused cells that do not show where the service's documentation says so. A documentation is a page, and no host alone. */
export const unprovenRefusals = (rows: readonly Row[] = ROWS): string[] =>
  rows.flatMap(({ service, case: name, exception }) => {
    if (exception.kind !== 'refused') return [];
    const isPage = URL.canParse(exception.link) && /^https:\/\/[^/]+\.[^/]+\/.+/.test(exception.link);
    return isPage && exception.why.trim() !== '' ? [] : [`${service}, ${name}: no link to the service's documentation`];
  });

/** What may never be refused to the clients that most apps are: text, tools and their streams. */
export const NEVER_REFUSED: { readonly dialects: readonly string[]; readonly cases: readonly Case[] } = {
  dialects: ['openai-chat', 'openai-responses', 'anthropic-messages'],
  cases: ['text', 'tools', 'parallel tools', 'refusal', 'error in 200', 'cut'],
};
