/** `docs/reference/clients.md`: which clients the sidecar serves and what leads them to it, from the table that the tests run. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { redirectEnv } from '#operator/admission/redirect-env';
import type { ClientRow } from '#test/clients/client-row';
import { GO_CLIENTS } from '#test/clients/rows/go';
import { JAVA_CLIENTS } from '#test/clients/rows/java';
import { JAVASCRIPT_CLIENTS } from '#test/clients/rows/javascript';
import { UNTESTED_CLIENTS } from '#test/clients/rows/not-run';
import { PROGRAMS } from '#test/clients/rows/programs';
import { OFFICIAL_PYTHON_CLIENTS, PYTHON_FRAMEWORKS, type PythonRow } from '#test/clients/rows/python';
import { SERVICES } from '#test/matrix/services';
import { MARKDOWN_BANNER } from './generated.ts';
import { code, page, table } from './markdown.ts';

const ROOT = join(import.meta.dirname, '..');

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

function versionInManifest(row: ClientRow): string {
  const { devDependencies } = JSON.parse(read('package.json')) as { devDependencies: Record<string, string> };
  return devDependencies[row.package] ?? '';
}

/** Of a file that names each package and its version in one line. */
const versionIn = (path: string, name: string, between: string): string =>
  read(path)
    .split('\n')
    .find((line) => line.trim().startsWith(name + between))
    ?.trim()
    .slice(name.length + between.length) ?? '';

const versionInRequirements = (row: PythonRow): string =>
  versionIn(`test/clients/python/requirements/${row.requirements}.txt`, row.package, '==');

const versionInGoModule = (row: ClientRow): string => versionIn('test/clients/go/go.mod', row.package, ' ');

/** Of a dependency as `group:artifact`. */
function versionInPom({ package: name }: ClientRow): string {
  const artifact = `<artifactId>${name.split(':')[1]}</artifactId>`;
  return /<version>([^<]+)</.exec(read('test/clients/java/pom.xml').split(artifact)[1] ?? '')?.[1] ?? '';
}

function seenOf({ asksObjectBy, embeds, goesOnBy }: ClientRow): string {
  const object =
    asksObjectBy === undefined ? [] : [`an object by ${asksObjectBy === 'schema' ? 'schema' : 'a forced tool'}`];
  const next = goesOnBy === undefined ? [] : [`a next turn by ${code(goesOnBy)}`];
  return ['text, streams, tools', ...next, ...object, ...(embeds === true ? ['embeddings'] : [])].join(', ');
}

type Row = Omit<ClientRow, 'app'>;

const rowOf = (row: Row, version: string, seen: readonly string[]): string[] => [
  row.client,
  `${code(row.package)} ${version}`,
  row.variable === undefined ? 'its own settings' : code(row.variable),
  row.calls.map(code).join(', '),
  ...seen,
  row.note ?? '',
];

const rowsOf = <R extends ClientRow>(clients: readonly R[], versionOf: (row: R) => string): string[][] =>
  clients.map((row) => rowOf(row, versionOf(row), [seenOf(row)]));

/** As the webhook writes them into a container that sets none of them. */
function injectedVariables(): string[][] {
  const { operations } = redirectEnv({ name: 'app' }, [], []);
  return operations
    .flatMap((operation) => ('value' in operation ? (operation.value as { name: string; value: string }[]) : []))
    .map(({ name, value }) => [code(name), code(value)]);
}

const INTRO =
  'An app keeps its client and its code. Injection sets the variables below where the container sets none of their kind; the client then calls the ' +
  'sidecar, whose path tells which API it speaks. Any of these clients reaches any provider: the model that it names is the model of an AIRoute.';

const RUN =
  'Each row is a test in `test/clients`: the unmodified package in a process of its own, with the injected variables, against a whole sidecar that does not drop anything. Its routes lead to ' +
  `${Object.keys(SERVICES).length} services, one after the other: ${Object.keys(SERVICES).join(', ')}. ` +
  'All of them are servers of the test that speak the true wire format. The paths are the ones that the client was seen to call. ' +
  '`Seen` is what came back right from each; embeddings come from OpenAI alone. Tools are a call, its result, and the answer after it; a next turn is one that names what was said before instead of repeating it. ' +
  'Two things are refused with 400, since the service has no word for them: DeepSeek an object by schema, Ollama a forced tool.';

const IN_NPM_TEST = 'Run by `npm test`.';
const APART = 'Run by `npm run test:clients`, where what it takes is at hand, else skipped.';
const PROGRAMS_RUN =
  'The programs themselves, without a screen and in an empty home, over the same services with `onUnsupported: Drop`: each calls its own tool that reads a file, and says what it read. ' +
  'Whatever they ask for beside the sidecar leads nowhere, and the test fails if they ask for anything. ' +
  'For that Codex has `apps`, `plugins` and `remote_plugin` turned off under `[features]`, and Claude Code `CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC` set.';

const NOT_RUN = 'These follow from the sources and documentation of the client. No test runs them.';

const TRAPS = [
  '- `OPENAI_BASE_URL` holds the version, `ANTHROPIC_BASE_URL` does not. The sidecar takes the paths of Chat Completions, Responses, embeddings and Messages with `/v1`, without it, and with it doubled, so a mistake there does no harm.',
  '- A variable or option in the code or the pod of the app wins over injection. What was left alone, and why, stands in the annotation `remora.dev/status` of the pod.',
  '- Keys in the environment are placeholders; the sidecar never forwards the key of an app. For Azure none is set: LangChain would take it for a sign that every model is one of Azure’s.',
  '- A client that retries on its own multiplies the attempts of the route: `x-should-retry` tells the official ones not to.',
].join('\n');

export function clientsPage(): Map<string, string> {
  const header = ['Client', 'Package', 'Led by', 'Calls', 'Seen', 'Note'];
  const text = page(
    MARKDOWN_BANNER,
    '# Clients',
    INTRO,
    '## What injection sets',
    table(['Variable', 'Value'], injectedVariables()),
    '## Run by tests',
    RUN,
    '### JavaScript and TypeScript',
    IN_NPM_TEST,
    table(header, rowsOf(JAVASCRIPT_CLIENTS, versionInManifest)),
    '### Python, official clients',
    'Run by `npm test` where Python and a package index are at hand, else skipped.',
    table(header, rowsOf(OFFICIAL_PYTHON_CLIENTS, versionInRequirements)),
    '### Python, frameworks',
    APART,
    table(header, rowsOf(PYTHON_FRAMEWORKS, versionInRequirements)),
    '### Go',
    APART,
    table(header, rowsOf(GO_CLIENTS, versionInGoModule)),
    '### Java',
    APART,
    table(header, rowsOf(JAVA_CLIENTS, versionInPom)),
    '### Programs',
    `${APART} ${PROGRAMS_RUN}`,
    table(
      ['Program', 'Package', 'Led by', 'Calls', 'Note'],
      PROGRAMS.map((row) => rowOf(row, row.version, [])),
    ),
    '## Not run by tests',
    NOT_RUN,
    table(
      ['Client', 'Led by', 'Note'],
      UNTESTED_CLIENTS.map(({ client, setting, note }) => [client, setting, note]),
    ),
    '## Traps',
    TRAPS,
  );
  return new Map([['docs/reference/clients.md', text]]);
}
