/** Which environment variables lead an app's SDK to the sidecar, and which of them a container is given. */
import { PORT } from '#contract/names/api';
import { append, type PatchOperation, pointer } from './json-patch.ts';
import type { Container } from './pod.ts';

const INGRESS_URL = `http://127.0.0.1:${PORT.ingress}`;
const OPENAI_URL = `${INGRESS_URL}/v1`;

/** Says that nothing is behind it; nobody checks it. */
const PLACEHOLDER_KEY = 'remora-placeholder-key';

/** One set per client dialect that this build serves. */
interface DialectEnv {
  /** Where the SDK sends its requests; any of them set by the user keeps the whole set away. */
  readonly endpoints: Readonly<Record<string, string>>;
  /** SDKs refuse to start without a key; the sidecar never forwards it. */
  readonly placeholders: Readonly<Record<string, string>>;
  /** Another credential that the SDK starts with; a placeholder beside it would contradict it. */
  readonly otherCredential?: string;
}

const DIALECTS: readonly DialectEnv[] = [
  {
    endpoints: { OPENAI_BASE_URL: OPENAI_URL, OPENAI_API_BASE: OPENAI_URL },
    placeholders: { OPENAI_API_KEY: PLACEHOLDER_KEY },
  },
  {
    // Anthropic's own clients add the version; the sidecar takes the Vercel AI SDK's paths without one too.
    endpoints: { ANTHROPIC_BASE_URL: INGRESS_URL },
    placeholders: { ANTHROPIC_API_KEY: PLACEHOLDER_KEY },
    otherCredential: 'ANTHROPIC_AUTH_TOKEN',
  },
  // No placeholder: with a key of Azure in the environment LangChain takes every OpenAI model for one of Azure's.
  { endpoints: { AZURE_OPENAI_ENDPOINT: INGRESS_URL }, placeholders: {} },
  { endpoints: { GOOGLE_GEMINI_BASE_URL: INGRESS_URL }, placeholders: { GEMINI_API_KEY: PLACEHOLDER_KEY } },
  { endpoints: { GOOGLE_VERTEX_BASE_URL: INGRESS_URL }, placeholders: {} },
  // Its client adds OpenAI's paths. No placeholder: some frameworks choose a provider by the keys that they find.
  { endpoints: { GROQ_BASE_URL: INGRESS_URL }, placeholders: {} },
];

export interface EnvResult {
  readonly operations: readonly PatchOperation[];
  /** Names that this injection or an earlier one set. */
  readonly set: readonly string[];
  /** Reason by name. */
  readonly skipped: Readonly<Record<string, string>>;
}

/** What one container gets. `ours` names what an earlier pass over the same pod set. */
export function redirectEnv(
  container: Container,
  path: readonly (string | number)[],
  ours: readonly string[],
): EnvResult {
  const present = new Set((container.env ?? []).map((variable) => variable.name));
  const byUser = (name: string) => present.has(name) && !ours.includes(name);
  const set: string[] = [];
  const added: { name: string; value: string }[] = [];
  const skipped: Record<string, string> = {};
  for (const dialect of DIALECTS) {
    for (const [name, value] of Object.entries({ ...dialect.endpoints, ...dialect.placeholders })) {
      const reason = reasonToSkip(name, dialect, byUser);
      if (reason !== undefined) skipped[name] = reason;
      else {
        set.push(name);
        if (!present.has(name)) added.push({ name, value });
      }
    }
  }
  return { operations: append(pointer(...path, 'env'), container.env, added), set, skipped };
}

/** undefined: the variable is ours to set. */
function reasonToSkip(
  name: string,
  { endpoints, placeholders, otherCredential }: DialectEnv,
  byUser: (name: string) => boolean,
): string | undefined {
  if (byUser(name)) return 'set by the container';
  const rivals = [
    ...Object.keys(endpoints),
    ...(name in placeholders && otherCredential !== undefined ? [otherCredential] : []),
  ];
  const own = rivals.find(byUser);
  return own === undefined ? undefined : `the container sets ${own}`;
}
