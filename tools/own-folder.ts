/**
 * That a provider, a wire or a dialect is its own folder and a line in a registry: who else imports from such a folder, and who else
 * names a provider type. Exceptions are data, each with its reason; one that nobody needs any more is a breach as well.
 */
import { PROVIDER_TYPES, type ProviderType } from '#contract/resources/provider-type';
import { measureSource } from './measure-source.ts';
import { isTest, resolveImport, type SourceFile } from './source-files.ts';

/** Rooms whose folders are extensions, and who may import any of these: a file, or a folder where it ends in a slash. */
const EXTENSIONS: Readonly<Record<string, string>> = {
  'sidecar/providers': 'sidecar/providers/index.ts',
  'sidecar/wires': 'sidecar/providers/',
  'sidecar/dialects': 'sidecar/dialects/index.ts',
};

interface Exception {
  /** What is named or imported: a provider type, or a path. */
  readonly what: string;
  /** A file, or a folder where it ends in a slash. */
  readonly by: readonly string[];
  readonly why: string;
}

const IMPORTS: readonly Exception[] = [
  {
    what: 'sidecar/providers/mock/answer.ts',
    by: ['sidecar/upstream/mock-upstream.ts'],
    why: 'Mock is answered where others are dialled',
  },
  {
    what: 'sidecar/wires/openai-chat/map-error.ts',
    by: [
      'sidecar/wires/openai-responses/',
      'sidecar/wires/openai-completions/',
      'sidecar/wires/openai-embeddings/',
      'sidecar/wires/openai-verbatim/',
      'sidecar/wires/openai-kept/',
      'sidecar/wires/rerank/',
      'sidecar/wires/cohere-embed/',
    ],
    why: 'one shape of errors for all operations of OpenAI and its likes',
  },
  {
    what: 'sidecar/wires/openai-chat/read-usage.ts',
    by: ['sidecar/wires/openai-embeddings/'],
    why: 'OpenAI counts tokens in one shape',
  },
  {
    what: 'sidecar/wires/openai-responses/read-usage.ts',
    by: ['sidecar/wires/openai-kept/'],
    why: 'a batch tells its usage in the words of a response',
  },
  {
    what: 'sidecar/wires/openai-chat/',
    by: ['sidecar/wires/openai-completions/'],
    why: 'legacy completions answer as chat does, but for the place of the text',
  },
  {
    what: 'sidecar/wires/anthropic-messages/map-error.ts',
    by: ['sidecar/wires/anthropic-count-tokens/', 'sidecar/wires/anthropic-kept/'],
    why: 'one shape of errors for all operations of Anthropic',
  },
  {
    what: 'sidecar/wires/anthropic-messages/',
    by: ['sidecar/wires/bedrock-converse/encode-inference.ts'],
    why: 'Claude behind Converse takes its own words for thinking and sampling',
  },
  {
    what: 'sidecar/wires/gemini-generate-content/map-error.ts',
    by: ['sidecar/wires/gemini-count-tokens/', 'sidecar/wires/google-embed/'],
    why: 'one shape of errors for all operations of Google',
  },
  {
    what: 'sidecar/wires/bedrock-converse/map-error.ts',
    by: ['sidecar/wires/bedrock-embed/'],
    why: 'one shape of errors for all operations of Bedrock',
  },
  {
    what: 'sidecar/wires/cohere-embed/',
    by: ['sidecar/wires/bedrock-embed/cohere-embed.ts'],
    why: 'a model is asked in the words of its vendor wherever it is served',
  },
  {
    what: 'sidecar/dialects/openai-chat/render-error.ts',
    by: [
      'sidecar/dialects/openai-responses/',
      'sidecar/dialects/openai-completions/',
      'sidecar/dialects/openai-embeddings/',
      'sidecar/dialects/openai-verbatim/',
      'sidecar/dialects/openai-kept/',
      'sidecar/dialects/rerank/',
    ],
    why: 'clients of OpenAI and its likes know one shape of errors',
  },
  {
    what: 'sidecar/dialects/openai-chat/encode-response.ts',
    by: ['sidecar/dialects/openai-completions/'],
    why: 'legacy completions have the usage and finish reasons of chat',
  },
  {
    what: 'sidecar/dialects/openai-responses/item-id.ts',
    by: ['sidecar/dialects/openai-kept/'],
    why: 'an id that was made here is of no account, whichever endpoint it is named at',
  },
  {
    what: 'sidecar/dialects/anthropic-messages/',
    by: ['sidecar/dialects/anthropic-count-tokens/'],
    why: 'an operation beside Messages, with its errors and its proofs',
  },
  {
    what: 'sidecar/dialects/gemini-generate-content/',
    by: ['sidecar/dialects/gemini-count-tokens/', 'sidecar/dialects/google-embed/'],
    why: 'operations beside generateContent, with the errors and the names of fields of Google',
  },
  {
    what: 'sidecar/dialects/anthropic-messages/render-error.ts',
    by: ['sidecar/dialects/anthropic-kept/'],
    why: 'clients of Anthropic know one shape of errors',
  },
  {
    what: 'sidecar/dialects/openai-chat/',
    by: ['sidecar/server/ingress.ts', 'sidecar/server/asked-endpoint.ts'],
    why: 'the list of models, and errors on paths of no dialect, are told as OpenAI tells them',
  },
];

const NAMES: readonly Exception[] = [
  {
    what: 'OpenAICompatible',
    by: ['contract/resources/ai-provider.ts'],
    why: 'a preset says which server of that type it is, and the schema forbids it elsewhere',
  },
  {
    what: 'AzureOpenAI',
    by: ['contract/resources/ai-provider.ts'],
    why: 'its settings and the form of its endpoint are checked in the schema',
  },
];

const REGISTRIES = ['contract/resources/provider-type.ts', 'sidecar/providers/index.ts'];
const PRODUCT = /^(contract|treasury|history|sidecar|operator|cli)\//;

const within = (path: string, place: string): boolean =>
  place.endsWith('/') ? path.startsWith(place) : path === place || path === place.replace(/\.ts$/, '');

/** `sidecar/wires/rerank/`, when the path lies in the folder of an extension. */
const folderOf = (path: string): string | undefined =>
  /^sidecar\/(?:providers|wires|dialects)\/[^/]+\//.exec(path)?.[0];

/** Keeps count of the exceptions that were needed. */
class Exceptions {
  readonly #unused = new Set<string>();
  readonly #list: readonly Exception[];

  constructor(list: readonly Exception[]) {
    this.#list = list;
    for (const { what, by } of list) for (const place of by) this.#unused.add(`${place} ${what}`);
  }

  allows(by: string, isWhat: (what: string) => boolean): boolean {
    const found = this.#list.flatMap((one) =>
      isWhat(one.what) ? one.by.filter((place) => within(by, place)).map((place) => `${place} ${one.what}`) : [],
    );
    for (const key of found) this.#unused.delete(key);
    return found.length > 0;
  }

  breaches(): string[] {
    return [...this.#unused].map(
      (key) => `tools/own-folder.ts: nobody needs the exception "${key}" any more; remove it`,
    );
  }
}

/** Files that import from the folder of an extension which is not theirs, one sentence each. */
export function foreignImports(files: readonly SourceFile[], list = IMPORTS): string[] {
  const exceptions = new Exceptions(list);
  const breaches = productFiles(files).flatMap((file) =>
    measureSource(file).imports.flatMap(({ specifier }) => {
      const target = resolveImport(file.path, specifier) ?? '';
      const folder = folderOf(target);
      if (folder === undefined || file.path.startsWith(folder)) return [];
      const [, openTo = ''] = Object.entries(EXTENSIONS).find(([room]) => folder.startsWith(`${room}/`)) ?? [];
      if (within(file.path, openTo) || exceptions.allows(file.path, (what) => within(target, what))) return [];
      return [`${file.path} imports ${target}, but only ${openTo} may import from ${folder}`];
    }),
  );
  return [...breaches, ...exceptions.breaches()];
}

/** Folders of adapters by the type that they say they are. */
export function foldersOfTypes(files: readonly SourceFile[]): ReadonlyMap<ProviderType, string> {
  const adapters = files.filter(({ path }) => /^sidecar\/providers\/[^/]+\/adapter\.ts$/.test(path));
  return new Map(
    PROVIDER_TYPES.flatMap((type) => {
      const adapter = adapters.find(({ text }) => text.includes(`type: '${type}'`));
      return adapter ? [[type, folderOf(adapter.path) ?? '']] : [];
    }),
  );
}

/** Files that name a provider type, as text or as a key, and are neither a registry nor of its folder, one sentence each. */
export function foreignNames(files: readonly SourceFile[], list = NAMES): string[] {
  const exceptions = new Exceptions(list);
  const folders = foldersOfTypes(files);
  const breaches = productFiles(files)
    .filter(({ path }) => !REGISTRIES.includes(path))
    .flatMap(({ path, text }) => {
      // `name: 'Cohere'` is for messages to people: a wire is called as its vendor is.
      const code = text.replace(/\bname: '[^']*'/g, '');
      return PROVIDER_TYPES.filter(
        (type) =>
          new RegExp(`(['"])${type}\\1|^\\s+${type}:`, 'm').test(code) &&
          !path.startsWith(folders.get(type) ?? `no folder of ${type}`) &&
          !exceptions.allows(path, (what) => what === type),
      ).map((type) => `${path} names ${type}, but only ${REGISTRIES.join(', ')} and its own folder may`);
    });
  return [...breaches, ...exceptions.breaches()];
}

const productFiles = (files: readonly SourceFile[]): SourceFile[] =>
  files.filter(({ path }) => PRODUCT.test(path) && !isTest(path));
