/** Sorts the objects of files into resources, Secrets and Namespaces, and says of each wrong one where and why. */
import { z } from 'zod';
import { checkResource } from '#contract/compile/check-resource';
import { objectKey } from '#contract/compile/object-key';
import { fieldText, type Problem, problemsOfIssues } from '#contract/compile/problem';
import { API_GROUP, API_GROUP_VERSION } from '#contract/names/api';
import { ALL_KINDS, type Resource, USER_KINDS } from '#contract/resources/kinds';
import { type Environment, type FileSecret, readSecret, secretObject } from './file-secret.ts';
import { unknownFields } from './unknown-fields.ts';
import type { YamlDocument } from './yaml-text.ts';

/** A folder of somebody else's files would otherwise fill the terminal. */
const MAX_ERRORS = 100;

export interface FileNamespace {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

const header = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string().min(1),
    namespace: z.string().min(1).optional(),
    labels: z.record(z.string(), z.string()).nullish(),
  }),
});
type ObjectHeader = z.infer<typeof header>;

/** One object and where it is written. */
interface Place {
  readonly file: string;
  readonly document: YamlDocument;
  readonly object: ObjectHeader;
}

const USER_KIND_NAMES = USER_KINDS.map((definition) => definition.kind);
const KIND_NAMES: ReadonlySet<string> = new Set(ALL_KINDS.map((definition) => definition.kind));

export class ObjectReader {
  readonly resources: Resource[] = [];
  readonly secrets: FileSecret[] = [];
  readonly namespaces: FileNamespace[] = [];
  readonly origins = new Map<string, string>();
  readonly notes: string[] = [];
  readonly errors: string[] = [];
  readonly #seen = new Map<string, string>();
  readonly #env: Environment;
  readonly #defaultNamespace: string;

  constructor(env: Environment, defaultNamespace: string) {
    this.#env = env;
    this.#defaultNamespace = defaultNamespace;
  }

  read(file: string, document: YamlDocument): void {
    if (this.errors.length >= MAX_ERRORS) return;
    const parsed = header.safeParse(document.value);
    if (!parsed.success) {
      const problems = problemsOfIssues(parsed.error.issues, document.value);
      this.#report({ file, document }, problems);
      return;
    }
    this.#sort({ file, document, object: parsed.data });
  }

  #sort(place: Place): void {
    const { apiVersion, kind } = place.object;
    if (apiVersion === 'v1' && kind === 'Secret') this.#secret(place);
    else if (apiVersion === 'v1' && kind === 'Namespace') this.#namespace(place);
    else if (apiVersion.startsWith(`${API_GROUP}/`) || KIND_NAMES.has(kind)) this.#resource(place);
    else this.notes.push(`${whereOf(place)}: ${kind} (${apiVersion}) is not read here`);
  }

  #resource(place: Place): void {
    const { object, document } = place;
    const problem = groupProblem(object);
    if (problem) {
      this.#report(place, [problem]);
      return;
    }
    const namespace = this.#namespaceOf(object);
    const checked = checkResource({ ...object, metadata: { ...object.metadata, namespace } });
    const unknown = unknownFields(object.kind, document.value).map(({ path, known }) => ({
      path,
      message: `is not a field here; known are ${known.join(', ')}`,
    }));
    const problems = [...(checked.ok ? [] : checked.problems), ...unknown];
    this.#report(place, problems);
    const isNew = this.#isNew(place, namespace);
    if (!checked.ok || problems.length > 0 || !isNew) return;
    this.resources.push(checked.resource);
    this.origins.set(objectKey({ kind: object.kind, namespace, name: object.metadata.name }), whereOf(place));
  }

  #secret(place: Place): void {
    const { name } = place.object.metadata;
    const namespace = this.#namespaceOf(place.object);
    const parsed = secretObject.safeParse(place.object);
    if (!parsed.success) this.#report(place, problemsOfIssues(parsed.error.issues, place.object));
    if (!parsed.success || !this.#isNew(place, namespace)) return;
    const { values, unset } = readSecret(parsed.data, this.#env);
    this.secrets.push({ namespace, name, values });
    for (const { key, variable } of unset) {
      const line = place.document.lineOf(['stringData', key]);
      this.notes.push(`${place.file}:${line}: Secret ${namespace}/${name}: no ${key}, since ${variable} is not set`);
    }
  }

  #namespace(place: Place): void {
    const { name, labels } = place.object.metadata;
    if (this.#isNew(place, '')) this.namespaces.push({ name, labels: labels ?? {} });
  }

  #namespaceOf({ metadata }: ObjectHeader): string {
    return metadata.namespace ?? this.#defaultNamespace;
  }

  #isNew(place: Place, namespace: string): boolean {
    const { kind, metadata } = place.object;
    const key = objectKey({ kind, namespace, name: metadata.name });
    const first = this.#seen.get(key);
    this.#seen.set(key, first ?? whereOf(place));
    if (first === undefined) return true;
    this.#report(place, [{ path: ['metadata', 'name'], message: `${kind} ${metadata.name} is already at ${first}` }]);
    return false;
  }

  #report({ file, document }: Pick<Place, 'file' | 'document'>, problems: readonly Problem[]): void {
    for (const { path, message } of problems) {
      const field = path.length > 0 ? `${fieldText(path)}: ` : '';
      this.errors.push(`${file}:${document.lineOf(path)}: ${field}${message}`);
    }
  }
}

const whereOf = ({ file, document }: Place): string => `${file}:${document.lineOf([])}`;

function groupProblem({ apiVersion, kind }: ObjectHeader): Problem | undefined {
  if (apiVersion !== API_GROUP_VERSION) return { path: ['apiVersion'], message: `must be ${API_GROUP_VERSION}` };
  if (USER_KIND_NAMES.includes(kind)) return undefined;
  const message = KIND_NAMES.has(kind)
    ? `${kind} is written by the operator and cannot be given`
    : `must be one of ${USER_KIND_NAMES.join(', ')}`;
  return { path: ['kind'], message };
}
