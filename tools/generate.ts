/**
 * `npm run generate`: writes every generated file, and removes those in generated folders that no generator makes any more.
 * `--check` writes nothing, names each file that is stale, missing or left over, and fails if there is one.
 */
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cliPage } from './generate-cli-page.ts';
import { clientsPage } from './generate-clients-page.ts';
import { crdFiles } from './generate-crds.ts';
import { errorsPage } from './generate-errors-page.ts';
import { expressionsPage } from './generate-expressions-page.ts';
import { namesPage } from './generate-names-page.ts';
import { pricesPage } from './generate-prices-page.ts';
import { protobufFiles } from './generate-protobuf.ts';
import { resiliencePage } from './generate-resilience-page.ts';
import { resourcesPage } from './generate-resources-page.ts';
import { translationPage } from './generate-translation-page.ts';
import { valuesSchemaFile } from './values-schema.ts';

/** File text by path in the repository. */
type Files = ReadonlyMap<string, string>;

const ROOT = join(import.meta.dirname, '..');

/** Everything below these is generated. */
const GENERATED = [
  'crds/*',
  'charts/remora-crds/Chart.yaml',
  'charts/remora-crds/values.yaml',
  'charts/remora-crds/templates/*',
  'charts/remora/templates/crds/*',
  'contract/wire/gen/**/*.ts',
];

const productVersion = (): string => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  return version;
};

const GENERATORS: readonly (() => Files)[] = [
  () => crdFiles(productVersion()),
  () => protobufFiles(ROOT),
  resourcesPage,
  errorsPage,
  resiliencePage,
  expressionsPage,
  namesPage,
  pricesPage,
  translationPage,
  cliPage,
  clientsPage,
  valuesSchemaFile,
];

export interface Stale {
  readonly path: string;
  readonly why: 'differs' | 'is missing' | 'is left over';
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** What below `root` is not as `files` say. */
export function staleFiles(root: string, files: Files, owned: readonly string[] = GENERATED): Stale[] {
  const stale: Stale[] = [];
  for (const [path, text] of files) {
    const present = readText(join(root, path));
    if (present !== text) stale.push({ path, why: present === undefined ? 'is missing' : 'differs' });
  }
  const leftOver = globSync([...owned], { cwd: root }).filter((path) => !files.has(path));
  return [...stale, ...leftOver.map((path) => ({ path, why: 'is left over' as const }))];
}

/** Brings the tree to what `files` say. */
export function writeFiles(root: string, files: Files, stale: readonly Stale[]): void {
  for (const { path, why } of stale) {
    if (why === 'is left over') rmSync(join(root, path));
    else {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), files.get(path) ?? '');
    }
  }
}

if (import.meta.main) {
  const files = new Map(GENERATORS.flatMap((generate) => [...generate()]));
  const stale = staleFiles(ROOT, files);
  const check = process.argv.includes('--check');
  for (const { path, why } of stale) console.log(check ? `${path} ${why}: run npm run generate` : path);
  if (!check) writeFiles(ROOT, files, stale);
  console.log(`${files.size} generated files, ${stale.length} ${check ? 'stale' : 'changed'}`);
  process.exitCode = check && stale.length > 0 ? 1 : 0;
}
