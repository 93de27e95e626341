/** `docs/reference/translation.md`: what each client dialect can do over each service, from the cells by which the matrix test goes. */
import { CASES, type Case, CHAT_DIALECTS, type Exception, exceptionAt, modesOf } from '#test/matrix/cells';
import { EMBEDDING_DIALECTS, EMBEDDING_SERVICES, type EmbeddingService } from '#test/matrix/embedding-services';
import { SERVICES } from '#test/matrix/services';
import { MARKDOWN_BANNER } from './generated.ts';
import { code, page, table } from './markdown.ts';

/** What is proven of a case. */
const MEANING: Readonly<Record<Case, string>> = {
  text: 'The text comes back whole, with how it ended and the tokens that the service counted.',
  tools: 'A tool is offered and called; its result is sent back, and the service answers it.',
  'parallel tools':
    'Two calls in one answer, with their arguments and with ids that differ; both results are sent back.',
  thinking:
    'Thoughts are asked for and shown where the service tells them, and a second turn with a tool result carries them back: with the proof, where the service signs its thoughts. What it has no place for, such as a budget where there are only efforts, is named in `x-remora-dropped`.',
  image: 'The bytes of a picture in the request reach the service.',
  schema: 'The JSON schema of the answer reaches the service.',
  refusal: 'The client is told that the answer was withheld.',
  'error in 200':
    'An error inside a stream that began with 200: before the first content the next target answers; after it the stream ends in an error of the dialect and without its mark of success.',
  cut: 'The connection to the service is lost: the same.',
};

const shown = (exception: Exception | undefined): string => {
  if (exception === undefined) return '✓';
  if (exception.kind === 'refused') return `[refused](${exception.link}): ${exception.why}`;
  return `**broken**: ${exception.why}`;
};

const rowOf = (dialect: string, service: string): string[] => [
  service,
  ...CASES.map((name) => shown(exceptionAt(dialect, service, name))),
];

const section = (dialect: string): string =>
  page(
    `## ${code(dialect)}`,
    countsOf([dialect]),
    table(
      ['Service', ...CASES],
      Object.keys(SERVICES).map((service) => rowOf(dialect, service)),
    ),
  );

/** A case that is both plain and streamed is two cells. */
function countsOf(dialects: readonly string[]): string {
  const counts = { works: 0, refused: 0, broken: 0 };
  for (const dialect of dialects)
    for (const service of Object.keys(SERVICES))
      for (const name of CASES) counts[exceptionAt(dialect, service, name)?.kind ?? 'works'] += modesOf(name).length;
  const { works, refused, broken } = counts;
  return `${works + refused + broken} cells: ${works} work, ${refused} refused, ${broken} broken.`;
}

const cases = (): string =>
  table(
    ['Case', 'Asked', 'What holds'],
    CASES.map((name) => [name, modesOf(name).join(' and '), MEANING[name]]),
  );

/** What a service cannot do is the same for all dialects: several vectors of one call. */
const embeddingRow = ([service, { oneEach }]: readonly [string, EmbeddingService]): string[] => [
  service,
  ...EMBEDDING_DIALECTS.map(() => '✓'),
  oneEach === undefined ? '✓' : `[refused](${oneEach}): it makes one vector per call`,
];

const embeddings = (): string =>
  page(
    '## Embeddings',
    'Each dialect of embeddings over each service that embeds: a vector of the asked length, and the tokens of its text. Several texts in one request are refused where ' +
      'each would be a call of its own. `test/sidecar/operations/embeddings-matrix.test.ts` proves each cell, with the official clients.',
    table(
      ['Service', ...EMBEDDING_DIALECTS.map(code), 'several texts'],
      Object.entries(EMBEDDING_SERVICES).map(embeddingRow),
    ),
  );

export function translationPage(): Map<string, string> {
  const intro =
    `Each client dialect over each service, in every case. ${countsOf(CHAT_DIALECTS)} ` +
    'A cell that is refused is answered with 400 (`unsupported_parameter`) before anything is sent, because the service cannot do it; ' +
    'where the AIRoute says `onUnsupported: Drop` the request goes out without it, and `x-remora-dropped` names it. ' +
    'No cell of text, tools, streaming or usage is refused to clients of Chat Completions, Responses and Messages. ' +
    '`test/matrix` proves each cell with the sidecar between a client of the dialect and a fake that speaks the wire format of the service; the OpenAI-compatible services but Mistral share one fake of Chat Completions. No real service was asked.';
  const text = page(MARKDOWN_BANNER, '# Translation', intro, cases(), ...CHAT_DIALECTS.map(section), embeddings());
  return new Map([['docs/reference/translation.md', text]]);
}
