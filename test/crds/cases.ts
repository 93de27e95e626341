/** The case files: `<kind>/accept-*.yaml`, and `<kind>/reject-*.yaml` whose first line states the sentence that a user must read. */
import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { parse } from 'yaml';
import type { KindDefinition } from '#contract/resources/fields';
import { USER_KINDS } from '#contract/resources/kinds';

/** An object as a user writes it. */
export interface Written {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: Record<string, unknown>;
}

export interface Case {
  /** `aibudget/reject-usd-and-tokens`. */
  readonly name: string;
  readonly kind: KindDefinition;
  readonly object: Written;
  /** Undefined: the object must be accepted. */
  readonly sentence: string | undefined;
}

function readCase(path: string): Case {
  const text = readFileSync(join(import.meta.dirname, path), 'utf8');
  const folder = dirname(path);
  const name = `${folder}/${basename(path, '.yaml')}`;
  const kind = USER_KINDS.find((candidate) => candidate.kind.toLowerCase() === folder);
  if (kind === undefined) throw new Error(`${folder} is the folder of no kind`);
  const sentence = /^# (.+)\n/.exec(text)?.[1];
  if (basename(path).startsWith('accept-') !== (sentence === undefined))
    throw new Error(
      `${name}: the first line of a reject case states the sentence, and that of an accept case does not`,
    );
  return { name, kind, object: parse(text) as Written, sentence };
}

/** Every case, sorted by name. */
export const CASES: readonly Case[] = globSync('*/{accept,reject}-*.yaml', { cwd: import.meta.dirname })
  .sort()
  .map(readCase);
