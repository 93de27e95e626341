/** Builds one binary with `go` into a folder: in a temporary place first, then renamed, so that nobody ever sees half a file. */
import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { PAUSE_SOURCE, RECIPES, type Recipe, stagingModules, throwAwayModule } from './kube-recipes.ts';

const BUILD_DEADLINE_MS = 40 * 60_000;
const STILL_BUILDING_EVERY_MS = 30_000;
const ERROR_LINES = 8;

export type Report = (line: string) => void;

interface GoRun {
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Runs `go` and gives its standard output; throws with the last lines of its standard error. */
function go(run: GoRun): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('go', run.args, {
      cwd: run.cwd,
      env: { ...process.env, ...run.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: BUILD_DEADLINE_MS,
    });
    let out = '';
    let errors: string[] = [];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors = [...errors, ...text.split('\n').filter((line) => line !== '')].slice(-ERROR_LINES);
    });
    child.once('error', (cause) => reject(new Error(`go could not be started: ${cause.message}`, { cause })));
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

/** Builds `name` into `bin` and records its version beside it. Throws when the name is unknown or `go` fails. */
export async function buildBinary(name: string, bin: string, report: Report): Promise<void> {
  const recipe = RECIPES[name];
  if (recipe === undefined) throw new Error(`no recipe builds ${name}; known: ${Object.keys(RECIPES).join(', ')}`);
  const started = performance.now();
  const seconds = () => Math.round((performance.now() - started) / 1000);
  report(`building ${name} ${recipe.version} with go (some minutes when nothing is cached)`);
  const ticker = setInterval(() => report(`still building ${name} (${seconds()} s)`), STILL_BUILDING_EVERY_MS);
  // Inside the target folder's parent: a rename is atomic only within one file system.
  const work = await mkdtemp(join(bin, '..', `build-${name}-`));
  try {
    const built = await compile(name, recipe, work);
    await access(built, constants.X_OK);
    await rename(built, join(bin, name));
    await writeFile(versionFile(bin, name), recipe.version);
    report(`built ${name} ${recipe.version} in ${seconds()} s`);
  } finally {
    clearInterval(ticker);
    await rm(work, { recursive: true, force: true });
  }
}

/** Where the version of a binary that we built is written. */
export const versionFile = (bin: string, name: string): string => join(bin, `.${name}.version`);
