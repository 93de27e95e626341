/** Holds values against types by the compiler itself: each becomes a literal that `satisfies` its type in a project of its own. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TypeName } from './sdk-types.ts';

export interface TypedValue {
  readonly name: string;
  readonly type: TypeName;
  readonly value: unknown;
}

const ROOT = join(import.meta.dirname, '../..');
const OPTIONS = {
  strict: true,
  exactOptionalPropertyTypes: false,
  noEmit: true,
  skipLibCheck: true,
  allowImportingTsExtensions: true,
  module: 'nodenext',
  target: 'es2024',
  lib: ['es2024', 'dom', 'dom.iterable'],
  types: [],
};

/** One value per line, so that a line tells which. */
const fileOf = (type: TypeName, values: readonly TypedValue[]): string =>
  [
    `import type { SdkTypes } from ${JSON.stringify(join(ROOT, 'test/types/sdk-types.ts'))};`,
    ...values.map(({ value }) => `void (${JSON.stringify(value)} satisfies SdkTypes[${JSON.stringify(type)}]);`),
  ].join('\n');

/** What the compiler says of each value that is not of its type, by name. Throws what it says of anything else. */
export async function typeErrors(values: readonly TypedValue[]): Promise<ReadonlyMap<string, string>> {
  const folder = mkdtempSync(join(tmpdir(), 'remora-types-'));
  try {
    const byFile = new Map<string, readonly TypedValue[]>();
    for (const [type, group] of Map.groupBy(values, (value) => value.type)) {
      const file = `${type.replaceAll(' ', '-')}.ts`;
      byFile.set(file, group);
      writeFileSync(join(folder, file), fileOf(type, group));
    }
    const config = { compilerOptions: OPTIONS, files: [...byFile.keys()] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
    return readErrors(await compile(folder), byFile);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const compile = (folder: string): Promise<string> =>
  new Promise((resolve) => {
    const tsc = join(ROOT, 'node_modules/.bin/tsc');
    execFile(tsc, ['-p', '.', '--pretty', 'false'], { cwd: folder, maxBuffer: 1 << 28 }, (_error, stdout) =>
      resolve(stdout),
    );
  });

function readErrors(output: string, byFile: ReadonlyMap<string, readonly TypedValue[]>): Map<string, string> {
  const errors = new Map<string, string>();
  for (const message of output.split(/\n(?=\S)/).filter((text) => text.trim() !== '')) {
    const [, file = '', line = '', text = ''] = /^([^(]+)\((\d+),\d+\): (.*)$/s.exec(message) ?? [];
    const value = byFile.get(file)?.[Number(line) - 2];
    if (value === undefined) throw new Error(message);
    errors.set(value.name, errors.has(value.name) ? `${errors.get(value.name)}\n${text}` : text);
  }
  return errors;
}
