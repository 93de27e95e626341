/** What is run against each other: how each program is made, and with which flags and files it starts. */

import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { POD_ENV, SIDECAR_NODE_FLAGS } from '#contract/names/pod';
import { policyHash } from '#contract/policy/hash';
import type { Policy, PolicyGuardrail } from '#contract/policy/policy';
import { ensureAuthority } from '#operator/trust/certificate-authority';
import { openLastKnownGood } from '#sidecar/policy/last-known-good';
import { buildPolicy, buildProvider, buildRoute, buildTarget } from '#test/support/build-policy';
import { BUNDLES, bundle } from '#tools/bundle';
import { compileCacheEnv, writeCompileCache } from '#tools/image/compile-cache';
import type { Program } from './processes.ts';
import type { ProxyName } from './samples.ts';

/** What only the user can mend; its message is one sentence that says how. */
export class CannotRun extends Error {}

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** The upstream and the load. Go keeps what it has compiled, so the second build is fast; two runs at a time share nothing else. */
export function buildTool(folder: string): string {
  const binary = join(folder, 'tool');
  const built = spawnSync('go', ['build', '-o', binary, '.'], { cwd: here('./tool'), encoding: 'utf8' });
  if (built.error)
    throw new CannotRun(
      'The upstream of the benchmark is written in Go: install go (https://go.dev/dl) and run it again.',
    );
  if (built.status !== 0)
    throw new CannotRun(`The upstream of the benchmark could not be built: ${built.stderr.trim()}`);
  return binary;
}

export interface Ports {
  readonly upstream: number;
  readonly ingress: number;
  readonly health: number;
}

/** Gives the program of a proxy that listens on `ports.ingress`; makes what it needs in a folder of its own. */
export type Recipe = (ports: Ports, folder: string) => Program;

/** Both are bundled by the same tool, so that their starts can be compared. */
export async function bundleProxies(folder: string): Promise<Readonly<Record<ProxyName, Recipe>>> {
  const sidecar = join(folder, 'sidecar.cjs');
  const bare = join(folder, 'bare-proxy.cjs');
  await bundle({ entry: here(`../../${BUNDLES.sidecar.entry}`), outfile: sidecar });
  await bundle({ entry: here('./bare-proxy.mjs'), outfile: bare });
  writeCompileCache(process.execPath, { bundle: sidecar, flags: SIDECAR_NODE_FLAGS });
  const forwarding = join(folder, 'forward-proxy.cjs');
  await bundle({ entry: here('./forward-proxy.mjs'), outfile: forwarding });
  const caPem = await anyCaPem();
  const start = { sidecar, caPem };
  return {
    'remora passthrough': sidecarRecipe({ ...start, guardrails: [] }),
    'remora translated': sidecarRecipe({ ...start, guardrails: [MASK_ANSWERS] }),
    'remora guarded': sidecarRecipe({ ...start, guardrails: [MASK_ANSWERS, MASK_QUESTIONS] }),
    'remora to Anthropic': sidecarRecipe({ ...start, guardrails: [], type: 'Anthropic' }),
    bare: yardstickRecipe(bare),
    forwarding: yardstickRecipe(forwarding),
  };
}

const yardstickRecipe =
  (file: string): Recipe =>
  ({ upstream, ingress }) => ({
    role: 'measured',
    command: process.execPath,
    args: [...SIDECAR_NODE_FLAGS, file, `http://127.0.0.1:${upstream}`, String(ingress)],
  });

/** Nobody listens there: a sidecar without its operator runs its last good policy. */
const NO_OPERATOR = '127.0.0.1:1';

interface SidecarStart {
  readonly sidecar: string;
  readonly caPem: string;
  readonly guardrails: Policy['guardrails'];
  /** Of the provider. */
  readonly type?: 'OpenAI' | 'Anthropic';
}

const sidecarRecipe =
  ({ sidecar, caPem, guardrails, type = 'OpenAI' }: SidecarStart): Recipe =>
  (ports, folder) => {
    const stateDir = join(folder, 'state');
    writePolicy(stateDir, policyFor(ports.upstream, guardrails, type));
    return {
      role: 'measured',
      command: process.execPath,
      args: [...SIDECAR_NODE_FLAGS, sidecar],
      env: {
        [POD_ENV.operatorAddress]: NO_OPERATOR,
        [POD_ENV.caPem]: caPem,
        [POD_ENV.podName]: 'bench',
        [POD_ENV.podUid]: 'bench',
        [POD_ENV.podNamespace]: 'bench',
        [POD_ENV.stateDir]: stateDir,
        [POD_ENV.journalDir]: join(folder, 'journal'),
        [POD_ENV.ingressPort]: String(ports.ingress),
        [POD_ENV.healthPort]: String(ports.health),
        ...compileCacheEnv(dirname(sidecar)),
        NODE_ENV: 'production',
        MALLOC_ARENA_MAX: '1',
      },
    };
  };

const CREDENTIAL = 'bench/mock/key';

const MASK_ANSWERS: PolicyGuardrail = {
  policy: 'bench/guard',
  name: 'no-addresses',
  stage: 'Output',
  detect: ['Email'],
  patterns: [],
  action: 'Mask',
  unlessTags: [],
};

const MASK_QUESTIONS: PolicyGuardrail = { ...MASK_ANSWERS, name: 'no-addresses-out', stage: 'Input' };

const TARGET = buildTarget('bench', 'mock/gpt-4o-mini', {
  timeouts: { connectMs: 5_000, firstTokenMs: 30_000, idleMs: 30_000 },
  price: { inputPico: '150000', cachedInputPico: '75000', outputPico: '600000' },
});

const policyFor = (
  upstreamPort: number,
  guardrails: Policy['guardrails'],
  type: NonNullable<SidecarStart['type']>,
): Policy =>
  buildPolicy({
    attribution: { namespace: 'bench', serviceAccount: 'default', team: 'bench' },
    providers: [
      buildProvider('bench/mock', {
        type,
        endpoint: `http://127.0.0.1:${upstreamPort}/v1`,
        credential: CREDENTIAL,
      }),
    ],
    routes: [buildRoute('bench/route', [TARGET], { models: ['bench'] })],
    guardrails,
  });

/** Throws when it cannot be kept: the sidecar would have no policy to run. */
function writePolicy(dir: string, policy: Policy): void {
  const log = {
    warn(fields: object, message: string): never {
      throw new Error(`${message}: ${JSON.stringify(fields)}`);
    },
  };
  const credentials = new Map([[CREDENTIAL, 'bench-key']]);
  openLastKnownGood(dir, log).write({ policy, hash: policyHash(policy), credentials, caPem: null });
}

/** The operator's own, as in a pod, though nobody here holds its key. */
async function anyCaPem(): Promise<string> {
  const authority = await ensureAuthority({ read: async () => undefined, create: async () => 'created' });
  return authority.caPem;
}
