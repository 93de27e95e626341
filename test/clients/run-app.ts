/**
 * Runs an app of its own process against a whole sidecar with every service of the matrix behind it. The app has the environment that
 * the webhook gives a container, and nothing else that leads it.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { exceptionAt } from '#test/matrix/cells';
import { SERVICES } from '#test/matrix/services';
import type { RunningSidecar } from '#test/sidecar/start-sidecar';
import type { ClientRow } from './client-row.ts';
import { injectedEnv } from './injected-env.ts';
import { pathsAskedFor } from './paths-asked-for.ts';
import { ANSWERS, modelOf, type Services, startServices } from './start-services.ts';

/** Of one app over all services, on a machine that does other things too. */
const APP_DEADLINE_MS = 300_000;
const OUTPUT_BYTES = 4 * 1024 * 1024;

export interface Command {
  readonly program: string;
  /** Before the models. */
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
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
export async function proveClient(t: TestContext, row: ClientRow, { program, args, env }: Command): Promise<void> {
  const services = await startServices(t, row.dialect);
  const { running } = services;
  const paths = pathsAskedFor(t, running.port);
  const { stdout } = await promisify(execFile)(program, [...args, ...services.models], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...injectedEnv(running.port, row.env ?? {}), ...env },
    maxBuffer: OUTPUT_BYTES,
    timeout: APP_DEADLINE_MS,
    signal: t.signal,
  });
  const lines = stdout.trim().split('\n');
  assert.equal(lines.length, services.models.length, stdout);
  const names = Object.keys(SERVICES);
  for (const [index, line] of lines.entries()) checkResult(row, names[index] ?? '', index === 0, JSON.parse(line));
  checkAsked(row, services);
  assert.deepEqual([...paths].toSorted(), row.calls.toSorted());
  assert.deepEqual(running.faults, []);
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
