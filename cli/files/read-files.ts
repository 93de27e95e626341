/**
 * Reads the manifests of a folder or file as a cluster would take them, with no cluster. Stricter in one point: an unknown field is
 * an error. Every error is one line that names file, line, field and reason.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { Resource } from '#contract/resources/kinds';
import { type Environment, type FileSecret, secretsFromEnvironment } from './file-secret.ts';
import { type FileNamespace, ObjectReader } from './object-reader.ts';
import { parseYaml } from './yaml-text.ts';

const MAX_FILE_BYTES = 1024 * 1024;
const MAX_FILES = 1_000;
const EXTENSIONS: ReadonlySet<string> = new Set(['.yaml', '.yml', '.json']);

export interface ReadOptions {
  /** What `${NAME}` in a Secret and keys that no file holds are taken from. */
  readonly env: Environment;
  /** For objects that state no namespace. Default `default`. */
  readonly defaultNamespace?: string;
}

export interface FilesReading {
  /** Each right in itself, with defaults applied. */
  readonly resources: readonly Resource[];
  readonly secrets: readonly FileSecret[];
  readonly namespaces: readonly FileNamespace[];
  /** `file:line` of each resource, by `objectKey()`. */
  readonly origins: ReadonlyMap<string, string>;
  /** What was left out or is missing, one line each; nothing to stop for. */
  readonly notes: readonly string[];
  /** `examples/route.yaml:12: spec.targets[0].model: …`. Not empty: do not use the rest. */
  readonly errors: readonly string[];
}

/** `paths`: files, or folders whose .yaml, .yml and .json files are read, without their subfolders. Never rejects. */
export async function readFiles(paths: readonly string[], options: ReadOptions): Promise<FilesReading> {
  const reader = new ObjectReader(options.env, options.defaultNamespace ?? 'default');
  for (const path of paths) {
    const listed = await filesOf(path);
    if ('error' in listed) reader.errors.push(listed.error);
    else for (const file of listed.files) await readOne(file, reader);
  }
  const { resources, secrets, namespaces, origins, errors } = reader;
  const held = new Set(secrets.map((secret) => `${secret.namespace}/${secret.name}`));
  const fromEnvironment = secretsFromEnvironment(resources, held, options.env);
  return {
    resources,
    secrets: [...secrets, ...fromEnvironment.secrets],
    namespaces,
    origins,
    notes: [...reader.notes, ...fromEnvironment.notes],
    errors,
  };
}

async function filesOf(path: string): Promise<{ readonly files: string[] } | { readonly error: string }> {
  try {
    if (!(await stat(path)).isDirectory()) return { files: [path] };
    const names = (await readdir(path)).filter((name) => EXTENSIONS.has(extname(name)) && !name.startsWith('.'));
    if (names.length === 0) return { error: `${path}: holds no .yaml file` };
    if (names.length > MAX_FILES) return { error: `${path}: holds more than ${MAX_FILES} files` };
    return { files: names.sort().map((name) => join(path, name)) };
  } catch (error) {
    return { error: `${path}: ${reasonOf(error)}` };
  }
}

async function readOne(file: string, reader: ObjectReader): Promise<void> {
  const loaded = await load(file);
  if ('error' in loaded) {
    reader.errors.push(`${file}: ${loaded.error}`);
    return;
  }
  const { documents, faults } = parseYaml(loaded.text);
  for (const { line, reason } of faults) reader.errors.push(`${file}:${line}: ${reason}`);
  for (const document of documents) reader.read(file, document);
}

async function load(file: string): Promise<{ readonly text: string } | { readonly error: string }> {
  try {
    const { size } = await stat(file);
    if (size > MAX_FILE_BYTES) return { error: `is larger than ${MAX_FILE_BYTES} bytes` };
    return { text: await readFile(file, 'utf8') };
  } catch (error) {
    return { error: reasonOf(error) };
  }
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return 'no such file or folder';
  if (code === 'EACCES') return 'may not be read';
  return error instanceof Error ? error.message : 'cannot be read';
}
