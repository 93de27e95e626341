/**
 * Runs an app of its own process against a whole sidecar with every service of the matrix behind it. The app has the environment that
 * the webhook gives a container, and nothing else that leads it.
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { exceptionAt } from '#test/matrix/cells';
import { SERVICES } from '#test/matrix/services';
import type { RunningSidecar } from '#test/sidecar/start-sidecar';
import type { ClientRow } from './client-row.ts';
import { injectedEnv } from './injected-env.ts';
import { type Ended, runChild } from './run-child.ts';
import { ANSWERS, modelOf, type Services, startServices } from './start-services.ts';
import { type Watched, watchRequests } from './watch-requests.ts';

/** Of one app over all services: some seconds, and ten times that on a machine that does other things too. Below what the runner gives a test, so that this one says why. */
const APP_DEADLINE_MS = 180_000;
/** The stack of the main thread comes last. */
const SAID_LENGTH = 6_000;

export interface Command {
  readonly program: string;
  /** Before the models. */
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The signal by which its language writes what each thread waits for. */
  readonly stacksBy?: NodeJS.Signals;
}

/** What a client says of a service that cannot be asked for an object in its way. */
interface Refused {
  readonly refused: string;
}

interface Result {
  readonly plain: string;
  readonly streamed: string;
  readonly tools: string;
  readonly continued?: string;
  readonly structured?: object | Refused;
  readonly embedded?: number;
}

/** The parameter as the dialects call it. */
const SCHEMA_WORDS = '(response_format|text\\.format|output_config\\.format|generationConfig\\.response\\w*Schema)';

/** What a service has no word for, by the parameter that is refused; undefined: it has. */
function refusedBy(service: string, { asksObjectBy, dialect }: ClientRow): string | undefined {
  if (asksObjectBy === 'schema') return exceptionAt(dialect, service, 'schema') && SCHEMA_WORDS;
  // https://docs.ollama.com/api/openai-compatibility: among what is not supported.
  return asksObjectBy === 'forced tool' && service === 'Ollama' ? 'tool_choice' : undefined;
}

/** Runs the journey of a row over every service and holds what came of it, and what was asked for, against the row. */
export async function proveClient(
  t: TestContext,
  row: ClientRow,
  { program, args, env, stacksBy }: Command,
): Promise<void> {
  const services = await startServices(t, row.dialect);
  const { running } = services;
  const watched = watchRequests(t, running.port);
  const ended = await runChild({
    program,
    args: [...args, ...services.models],
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...injectedEnv(running.port, row.env ?? {}), ...env },
    deadlineMs: APP_DEADLINE_MS,
    stacksBy,
    signal: t.signal,
  });
  const lines = ended.stdout.trim().split('\n');
  if (ended.error !== undefined) throw new Error(whereItEnded(ended, services, watched), { cause: ended.error });
  const { stdout } = ended;
  assert.equal(lines.length, services.models.length, stdout);
  const names = Object.keys(SERVICES);
  for (const [index, line] of lines.entries()) checkResult(row, names[index] ?? '', index === 0, JSON.parse(line));
  checkAsked(row, services);
  assert.deepEqual([...watched.paths].toSorted(), row.calls.toSorted());
  assert.deepEqual(running.faults, []);
}

/** Tells a client that waits for the sidecar from one that waits for something of its own. */
function whereItEnded({ isLate, stdout, stderr }: Ended, { running, models }: Services, { open }: Watched): string {
  // Java writes its stacks there too.
  const results = stdout.split('\n').filter((line) => line.startsWith('{'));
  const said = `${stdout.slice(results.join('\n').length)}\n${stderr}`.trim();
  const done = results.length;
  const model = models[done] ?? 'none, all are done';
  const asked = running.records.filter(({ requestedModel }) => requestedModel === model);
  const fates = asked.map(({ stream, outcome }) => `${stream ? 'stream' : 'whole'}: ${outcome}`);
  return [
    isLate ? `The app did not end within ${APP_DEADLINE_MS / 1000} s.` : 'The app failed.',
    `It is done with ${done} of ${models.length} services; its next: ${model}.`,
    `Of that the sidecar has answered ${asked.length} requests (${fates.join(', ')}), and ${open} requests are open.`,
    `What the app said last:\n${said.slice(-SAID_LENGTH)}`,
  ].join('\n');
}

function checkResult(row: ClientRow, service: string, isFirst: boolean, { structured, ...result }: Result): void {
  const { plain, streamed, tools, continued } = ANSWERS;
  const next = row.goesOnBy === undefined ? {} : { continued };
  const embedded = isFirst && row.embeds === true ? { embedded: ANSWERS.dimensions } : {};
  assert.deepEqual(result, { plain, streamed, tools, ...next, ...embedded }, service);
  const parameter = refusedBy(service, row);
  if (parameter === undefined)
    assert.deepEqual(structured, row.asksObjectBy === undefined ? undefined : ANSWERS.structured, service);
  else assert.match((structured as Refused).refused, new RegExp(`${parameter} cannot be expressed`), service);
}

/** That each service was asked as often as there are questions, in the dialect of the row, once as a stream, and refused only what it cannot do. */
function checkAsked(row: ClientRow, { running, fakes }: Services): void {
  for (const [name, fake] of fakes) {
    const records = chatsOf(running, modelOf(name));
    assert.ok(fake.requests.length >= 4, `${name} was asked ${fake.requests.length} times`);
    assert.deepEqual([...new Set(records.map(({ dialect }) => dialect))], [row.dialect], name);
    assert.ok(records.some(({ stream }) => stream) && records.some(({ stream }) => !stream), name);
    const failed = records.filter(({ outcome }) => outcome !== 'ok').map(({ outcome }) => outcome);
    assert.deepEqual(failed, refusedBy(name, row) === undefined ? [] : ['unsupported_parameter'], name);
  }
}

const chatsOf = ({ records }: RunningSidecar, model: string) =>
  records.filter(({ operation, requestedModel }) => operation === 'chat' && requestedModel === model);
