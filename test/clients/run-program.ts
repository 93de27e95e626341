/** Runs a program that works with files against a whole sidecar, once per service: it must call a tool of its own, read a file by it, and say what it read. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { FakeRequest } from '#test/support/providers/fake-provider';
import type { Script } from '#test/support/providers/script';
import { startDeadEnd } from './dead-end.ts';
import { injectedEnv } from './injected-env.ts';
import type { ProgramRow } from './rows/programs.ts';
import { startServices } from './start-services.ts';
import { watchRequests } from './watch-requests.ts';

const RUN_DEADLINE_MS = 100_000;
const AT_ONCE = 3;
const FILE = 'word.txt';
/** Stands nowhere but in the file. */
const WORD = 'kingfisher';
const QUESTION = `Which word is in ${FILE}?`;
const ANSWER = `The word is ${WORD}.`;

export interface Run {
  readonly model: string;
  readonly question: string;
  /** Where the program keeps its own files. */
  readonly home: string;
  /** Of the sidecar, without path. */
  readonly url: string;
}

export interface Program {
  readonly path: string;
  /** Of its own tool that reads a file. */
  readonly tool: { readonly name: string; readonly arguments: (file: string) => object };
  readonly env: Readonly<Record<string, string>>;
  /** Writes its settings where it needs any, and gives its arguments. */
  prepare(run: Run): Promise<readonly string[]>;
}

export async function proveProgram(t: TestContext, row: ProgramRow, program: Program): Promise<void> {
  const services = await startServices(t, row.dialect, 'Drop');
  const { running, models, fakes } = services;
  const folder = await mkdtemp(join(tmpdir(), 'remora-program-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, FILE);
  await writeFile(file, `${WORD}\n`);
  const call = { id: 'callNine1', name: program.tool.name, arguments: JSON.stringify(program.tool.arguments(file)) };
  const answerTo = ({ rawBody }: FakeRequest): Script =>
    rawBody.includes(WORD) ? { text: ANSWER } : { text: '', toolCalls: [call] };
  for (const fake of fakes.values()) fake.respondWith(answerTo);
  const deadEnd = await startDeadEnd(t);
  const { paths } = watchRequests(t, running.port);
  const waiting = [...models];
  const work = async (): Promise<void> => {
    for (let model = waiting.pop(); model !== undefined; model = waiting.pop()) {
      const home = await mkdtemp(join(folder, 'home-'));
      const run = { model, question: QUESTION, home, url: running.url };
      const args = await program.prepare(run);
      const env = { HOME: home, ...injectedEnv(running.port, row.env ?? {}), ...deadEnd.env, ...program.env };
      const output = await outputOf(t, program.path, args, { cwd: folder, env });
      assert.ok(output.includes(ANSWER), `${model}: ${output}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  for (const [name, fake] of fakes)
    assert.ok(fake.requests.length >= 2, `${name} was asked ${fake.requests.length} times`);
  assert.deepEqual([...paths].toSorted(), row.calls.toSorted());
  assert.deepEqual(
    running.records.filter(({ outcome, dialect }) => outcome !== 'ok' || dialect !== row.dialect),
    [],
  );
  assert.deepEqual([running.faults, deadEnd.askedFor], [[], []]);
}

interface Place {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** All that it says, with nothing to read from. */
async function outputOf(t: TestContext, path: string, args: readonly string[], { cwd, env }: Place): Promise<string> {
  const child = spawn(path, args, {
    cwd,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: RUN_DEADLINE_MS,
    killSignal: 'SIGKILL',
    signal: t.signal,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  assert.equal(code, 0, output);
  return output;
}
