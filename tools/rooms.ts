/**
 * The import rule as data: which room may import which, and which rooms are pure. The longest matching prefix of a file's path is
 * its room; a room may always import itself. `docs/architecture.md` explains the arrows, `check-structure` holds them.
 */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  'contract/names': [],
  'contract/expressions': [],
  'contract/resources': ['contract/names'],
  'contract/policy': ['contract/names', 'contract/resources'],
  'contract/compile': ['contract/names', 'contract/expressions', 'contract/resources', 'contract/policy'],
  'contract/wire': ['contract/policy'],
  'contract/history': ['contract/names', 'contract/policy'],
  'contract/webhook': ['contract/names'],
  treasury: ['contract'],
  history: ['contract'],
  'sidecar/canonical': [],
  'sidecar/json': ['sidecar/canonical'],
  'sidecar/stream': [],
  'sidecar/form': ['sidecar/canonical'],
  'sidecar/errors': ['contract', 'sidecar/canonical'],
  'sidecar/dialects': ['contract', 'sidecar/canonical', 'sidecar/json', 'sidecar/stream', 'sidecar/errors'],
  'sidecar/wires': ['sidecar/canonical', 'sidecar/json', 'sidecar/stream', 'sidecar/errors'],
  'sidecar/providers': ['contract', 'sidecar/canonical', 'sidecar/stream', 'sidecar/wires'],
  'sidecar/guardrails': ['contract', 'sidecar/canonical'],
  'sidecar/classify': ['contract', 'sidecar/canonical'],
  'sidecar/credentials': ['contract'],
  'sidecar/upstream': ['sidecar/errors', 'sidecar/providers'],
  'sidecar/time': [],
  'sidecar/journal': [],
  'sidecar/budget': ['contract', 'treasury', 'sidecar/canonical', 'sidecar/errors', 'sidecar/time', 'sidecar/journal'],
  'sidecar/policy': ['contract'],
  'sidecar/sync': ['contract', 'treasury', 'sidecar/time', 'sidecar/policy', 'sidecar/budget'],
  'sidecar/telemetry': ['contract', 'sidecar/canonical', 'sidecar/classify'],
  'sidecar/config': ['contract'],
  'sidecar/pipeline': [
    'contract',
    'treasury',
    'sidecar/time',
    'sidecar/config',
    'sidecar/canonical',
    'sidecar/json',
    'sidecar/form',
    'sidecar/stream',
    'sidecar/errors',
    'sidecar/dialects',
    'sidecar/wires',
    'sidecar/providers',
    'sidecar/guardrails',
    'sidecar/classify',
    'sidecar/upstream',
    'sidecar/credentials',
    'sidecar/budget',
    'sidecar/policy',
    'sidecar/telemetry',
  ],
  'sidecar/jobs': [
    'contract',
    'sidecar/canonical',
    'sidecar/config',
    'sidecar/errors',
    'sidecar/journal',
    'sidecar/dialects',
    'sidecar/policy',
    'sidecar/providers',
    'sidecar/time',
    'sidecar/upstream',
    'sidecar/pipeline',
  ],
  'sidecar/server': [
    'contract',
    'sidecar/jobs',
    'sidecar/errors',
    'sidecar/dialects',
    'sidecar/pipeline',
    'sidecar/telemetry',
    'sidecar/config',
    'sidecar/canonical',
  ],
  sidecar: ['contract', 'treasury', 'sidecar'],
  'operator/kube': ['contract', 'treasury', 'operator/telemetry'],
  'operator/status': ['contract', 'treasury'],
  'operator/alerts': ['contract', 'operator/telemetry'],
  'operator/trust': [],
  'operator/push': ['contract', 'treasury'],
  'operator/https': [],
  'operator/admission': ['contract', 'operator/https'],
  'operator/history': ['contract', 'treasury', 'history', 'operator/https'],
  'operator/telemetry': ['contract'],
  'operator/audit': ['contract', 'treasury', 'history', 'operator/history', 'operator/kube', 'operator/telemetry'],
  'operator/prices': ['contract', 'operator/audit', 'operator/kube', 'operator/telemetry'],
  'operator/controller': [
    'contract',
    'treasury',
    'operator/audit',
    'operator/kube',
    'operator/status',
    'operator/alerts',
    'operator/push',
    'operator/telemetry',
  ],
  operator: ['contract', 'treasury', 'history', 'operator'],
  cli: ['contract', 'treasury', 'history', 'sidecar', 'cli'],
  test: ['contract', 'treasury', 'history', 'sidecar', 'operator', 'cli', 'test', 'tools'],
  tools: ['contract', 'treasury', 'history', 'sidecar', 'operator', 'cli', 'test', 'tools'],
};

/** Rooms that read no clock, environment or randomness and do no I/O: such things come in as parameters. */
export const PURE_ROOMS: readonly string[] = [
  'contract/names',
  'contract/expressions',
  'contract/resources',
  'contract/policy',
  'contract/compile',
  'contract/history',
  'contract/webhook',
  'sidecar/canonical',
  'sidecar/json',
  'sidecar/stream',
  'sidecar/form',
  'sidecar/dialects',
  'sidecar/wires',
  'sidecar/providers',
  'sidecar/guardrails',
  'sidecar/classify',
  'operator/status',
];

/** Node core modules that compute and touch nothing outside. */
export const PURE_NODE_MODULES: readonly string[] = ['node:crypto', 'node:buffer', 'node:string_decoder'];

/** The room of a repository path, or undefined outside all rooms. */
export function roomOf(path: string): string | undefined {
  const parts = path.split('/');
  const two = parts.slice(0, 2).join('/');
  if (parts.length > 2 && two in ROOMS) return two;
  return parts[0] !== undefined && parts[0] in ROOMS ? parts[0] : undefined;
}

/** `to` may be the room itself or a room below an allowed one. */
export function mayImport(from: string, to: string): boolean {
  if (from === to) return true;
  return (ROOMS[from] ?? []).some((allowed) => to === allowed || to.startsWith(`${allowed}/`));
}
