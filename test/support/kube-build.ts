/** Builds one binary with `go` from its pinned module. */
import { spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Made, Report } from './kube-obtain.ts';
import { PAUSE_SOURCE, RECIPES, type Recipe, stagingModules, throwAwayModule } from './kube-recipes.ts';

const BUILD_DEADLINE_MS = 40 * 60_000;
const STILL_BUILDING_EVERY_MS = 30_000;
const ERROR_LINES = 8;

interface GoRun {
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Runs `go` and gives its standard output; throws with the last lines of its standard error. */
function go(run: GoRun): Promise<string> {
  // Not the option `timeout`, whose timer outlives a program that could not be started and holds this process for as long.
  const deadline = AbortSignal.timeout(BUILD_DEADLINE_MS);
  return new Promise((resolve, reject) => {
    const child = spawn('go', run.args, {
      cwd: run.cwd,
      env: { ...process.env, ...run.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      signal: deadline,
    });
    let out = '';
    let errors: string[] = [];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors = [...errors, ...text.split('\n').filter((line) => line !== '')].slice(-ERROR_LINES);
    });
    child.once('error', (cause) => {
      const why = deadline.aborted ? `took longer than ${BUILD_DEADLINE_MS / 60_000} min` : `failed: ${cause.message}`;
      reject(new Error(`go ${run.args[0]} ${why}`, { cause }));
    });
    child.once('close', (code, signal) => {
      if (code === 0) resolve(out);
      else reject(new Error(`go ${run.args[0]} failed (${signal ?? `exit ${code}`}):\n${errors.join('\n')}`));
    });
  });
}

async function prepareModule(name: string, recipe: Recipe, work: string): Promise<void> {
  const env = { GOFLAGS: '-mod=mod' };
  let replaced: string[] = [];
  if (recipe.module === 'k8s.io/kubernetes') {
    await writeFile(join(work, 'go.mod'), 'module throwaway\n\ngo 1.26.0\n');
    const answer = await go({
      args: ['mod', 'download', '-json', `${recipe.module}@${recipe.version}`],
      cwd: work,
      env,
    });
    const { GoMod } = JSON.parse(answer) as { GoMod: string };
    replaced = stagingModules(await readFile(GoMod, 'utf8'));
  }
  await writeFile(join(work, 'go.mod'), throwAwayModule(recipe, replaced));
  if (recipe.how === 'require') await go({ args: ['get', '-tool', recipe.package], cwd: work, env });
  if (name === 'pause') await writeFile(join(work, 'main.go'), PAUSE_SOURCE);
}

async function compile(name: string, recipe: Recipe, work: string): Promise<string> {
  const flags = recipe.flags ?? [];
  const cgo = { CGO_ENABLED: recipe.cgo ? '1' : '0' };
  const out = join(work, 'out');
  await mkdir(out);
  if (recipe.how === 'install') {
    // `go install` of a versioned package ignores any module around it and must not be told `-mod=mod`.
    const env = { ...cgo, GOBIN: out, GOFLAGS: '' };
    await go({ args: ['install', ...flags, `${recipe.package}@${recipe.version}`], cwd: work, env });
    return join(out, basename(recipe.package).replace(/^v\d+$/, name));
  }
  await prepareModule(name, recipe, work);
  const env = { ...cgo, GOFLAGS: '-mod=mod' };
  await go({ args: ['build', ...flags, '-o', join(out, name), recipe.package], cwd: work, env });
  return join(out, name);
}

/** Whether `go` can be started here. */
export function hasGo(): Promise<boolean> {
  return go({ args: ['version'], cwd: tmpdir(), env: {} }).then(
    () => true,
    () => false,
  );
}

/** Builds `name` inside `work`. Throws when there is no `go` or it fails. */
export async function buildBinary(name: string, work: string, report: Report): Promise<Made> {
  const recipe = RECIPES[name];
  if (recipe === undefined) throw new Error(`no recipe builds ${name}`);
  if (!(await hasGo())) throw new Error(`no go to build ${name} with: install Go 1.26`);
  const started = performance.now();
  const seconds = () => Math.round((performance.now() - started) / 1000);
  report(`building ${name} ${recipe.version} with go (some minutes when nothing is cached)`);
  const ticker = setInterval(() => report(`still building ${name} (${seconds()} s)`), STILL_BUILDING_EVERY_MS);
  try {
    return { [name]: await compile(name, recipe, work) };
  } finally {
    clearInterval(ticker);
  }
}
