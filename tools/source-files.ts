/** The TypeScript files that the tools look at, and where an import in one of them leads. */
import { globSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';

export interface SourceFile {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
}

/** All TypeScript sources but generated ones, by path. */
export function sourceFiles(): SourceFile[] {
  return globSync('{contract,treasury,history,sidecar,operator,cli,test,tools}/**/*.ts')
    .filter((path) => !path.includes('/gen/'))
    .sort()
    .map((path) => ({ path, text: readFileSync(path, 'utf8') }));
}

export const isTest = (path: string): boolean => path.endsWith('.test.ts');

/** The repository path a specifier points at, without extension where the specifier has none; undefined for packages and core modules. */
export function resolveImport(from: string, specifier: string): string | undefined {
  if (specifier.startsWith('#')) return specifier.slice(1);
  return specifier.startsWith('.') ? posix.join(posix.dirname(from), specifier) : undefined;
}
