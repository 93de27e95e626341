/** Credentials when there is no cluster: Secrets in files, whose values may name environment variables, and the environment itself. */
import { z } from 'zod';
import { objectText } from '#contract/compile/object-key';
import { alertsOf, credentialRefsOf, type SecretRef } from '#contract/compile/secret-refs';
import { KIND } from '#contract/names/api';
import type { Resource } from '#contract/resources/kinds';
import { A_TOKEN, tokenRefOf } from './key-token.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Values are never logged. */
export interface FileSecret {
  readonly namespace: string;
  readonly name: string;
  readonly values: ReadonlyMap<string, string>;
}

const texts = z.record(z.string(), z.string()).nullish();
/** The part of a Kubernetes Secret that is read. */
export const secretObject = z.looseObject({ stringData: texts, data: texts });

const VARIABLE = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

/** A key from a file or a variable often carries the line break that ended it, which no HTTP header can. */
const trimmed = (value: string): string => value.replace(/[\r\n]+$/, '');

export interface ReadSecret {
  readonly values: ReadonlyMap<string, string>;
  /** Keys left out since a variable is not set. */
  readonly unset: readonly { readonly key: string; readonly variable: string }[];
}

/** `stringData` wins over `data`, as in Kubernetes. A key whose variable is unset or empty is left out. */
export function readSecret({ data, stringData }: z.infer<typeof secretObject>, env: Environment): ReadSecret {
  const values = new Map<string, string>();
  const unset: { key: string; variable: string }[] = [];
  for (const [key, value] of Object.entries(data ?? {}))
    values.set(key, trimmed(Buffer.from(value, 'base64').toString()));
  for (const [key, text] of Object.entries(stringData ?? {})) {
    const missing = [...text.matchAll(VARIABLE)].map((match) => match[1] ?? '').find((variable) => !env[variable]);
    values.delete(key);
    if (missing !== undefined) unset.push({ key, variable: missing });
    else values.set(key, trimmed(text.replace(VARIABLE, (_, variable: string) => env[variable] ?? '')));
  }
  return { values, unset };
}

/** Where a key is looked for that no file holds: Secret `openai`, key `api-key` is `OPENAI_API_KEY`. */
const variableFor = (secret: string, key: string): string =>
  `${secret}_${key}`.toUpperCase().replace(/[^A-Z0-9]+/g, '_');

/** Secrets from the environment for what is in no file, and what is missing, one sentence each. */
export function secretsFromEnvironment(
  resources: readonly Resource[],
  held: ReadonlySet<string>,
  env: Environment,
): { readonly secrets: FileSecret[]; readonly notes: string[] } {
  const secrets = new Map<string, { namespace: string; name: string; values: Map<string, string> }>();
  const notes: string[] = [];
  for (const resource of resources)
    if (alertsOf(resource).length > 0)
      notes.push(`${objectText(resource)}: alerts are sent by the operator, so that here nobody is told`);
  for (const [resource, ref] of resources.flatMap((one) => refsOf(one).map((ref) => [one, ref] as const))) {
    const { namespace, name, key } = ref;
    const id = `${namespace}/${name}`;
    if (held.has(id)) continue;
    const variable = variableFor(name, key);
    const value = trimmed(env[variable] ?? '');
    const secret = secrets.get(id) ?? { namespace, name, values: new Map<string, string>() };
    if (value !== '') secrets.set(id, { ...secret, values: secret.values.set(key, value) });
    else notes.push(`${objectText(resource)}: no key; set ${variable} to ${USE[resource.kind] ?? 'use it'}`);
  }
  return { secrets: [...secrets.values()], notes };
}

/** Here nobody makes a token for an AIKey. */
const refsOf = (one: Resource): readonly SecretRef[] =>
  one.kind === KIND.key ? [tokenRefOf(one)] : credentialRefsOf(one);

const USE: Readonly<Record<string, string>> = {
  [KIND.route]: 'have results posted',
  [KIND.key]: `a token of your own, such as ${A_TOKEN}`,
};
