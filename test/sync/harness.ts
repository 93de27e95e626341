/** An operator's push server and sidecars' clients over TLS on loopback: both ends real, what stands behind them recorded. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { policyHash } from '#contract/policy/hash';
import type { Policy, PolicyBudget } from '#contract/policy/policy';
import type { Unfit } from '#contract/policy/unfit';
import type { UsageRecord } from '#contract/wire/gen/remora/policy/v1/sync';
import type { SourceCounts } from '#contract/wire/variant-codec';
import {
  createPushServer,
  type PushServer,
  type PushServerOptions,
  type SidecarIdentity,
  type SidecarState,
} from '#operator/push/push-server';
import { type Authority, ensureAuthority } from '#operator/trust/certificate-authority';
import { SharedGates } from '#sidecar/pipeline/admission/shared-gates';
import { openLastKnownGood } from '#sidecar/policy/last-known-good';
import type { ApplyResult, Credentials, PolicySink } from '#sidecar/policy/policy-source';
import { SyncClient, type SyncClientOptions } from '#sidecar/sync/sync-client';
import { REAL_TIMERS } from '#sidecar/time/timers';
import { buildBudget, buildPolicy, buildProvider } from '#test/support/build-policy';
import { freePorts } from '#test/support/free-ports';
import { FileGrantStore } from '#treasury/stores/file/file-store';
import { Treasury } from '#treasury/treasury';

/** Waits for the thing itself; the guard is far longer than it takes. */
export async function until(what: string, happened: () => boolean): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!happened()) {
    if (performance.now() > deadline) throw new Error(`never happened: ${what}`);
    await delay(5);
  }
}

export interface Logged {
  readonly fields: object;
  readonly message: string;
}

export function recordingLog() {
  const lines: Logged[] = [];
  const write = (fields: object, message: string): void => void lines.push({ fields, message });
  return { lines, info: write, warn: write };
}

export const WORKLOAD = 'shop/Deployment/app';

export const budgetOf = (amount: bigint): PolicyBudget => buildBudget('shop/caps/total', amount, { every: 'Month' });

/** A policy with one provider per name; each is a section of its own. */
export const policyOf = (providers: readonly string[], budgets: readonly PolicyBudget[] = []): Policy =>
  buildPolicy({
    providers: providers.map((name) =>
      buildProvider(`shop/${name}`, {
        type: 'OpenAI',
        endpoint: `https://${name}.example`,
        credential: `shop/${name}/api-key`,
      }),
    ),
    budgets: [...budgets],
  });

/** Keeps what was applied, and refuses on demand. */
export class RecordingSink implements PolicySink {
  readonly applied: string[] = [];
  credentials: Credentials = new Map();
  /** Every set of names that was held at some time. */
  readonly held: string[][] = [];
  /** What others found unfit, as told. */
  readonly hints: (readonly Unfit[])[] = [];
  refuseWith: string | undefined;
  policy: Policy | undefined;

  applyPolicy(policy: Policy, hash: string): ApplyResult {
    if (this.refuseWith !== undefined) return { applied: false, reason: this.refuseWith };
    this.applied.push(hash);
    this.policy = policy;
    return { applied: true };
  }

  applyCredentials(credentials: Credentials): void {
    this.credentials = credentials;
    this.held.push([...credentials.keys()].sort());
  }

  applyHints(unfit: readonly Unfit[]): void {
    this.hints.push(unfit);
  }
}

export interface TestSidecar {
  readonly podUid: string;
  readonly sink: RecordingSink;
  readonly client: SyncClient;
  readonly log: ReturnType<typeof recordingLog>;
  readonly stateDir: string;
}

export interface TestOperator {
  readonly server: PushServer;
  readonly port: number;
  readonly states: Map<string, SidecarState>;
  readonly log: ReturnType<typeof recordingLog>;
  readonly treasury: Treasury;
  /** As counted: no record twice. */
  readonly usage: UsageRecord[];
  /** Each word about variants that was heard. */
  readonly variants: SourceCounts[];
  stop(): Promise<void>;
}

/** Everything is below one folder and ends with `close`. */
export class World {
  readonly dir = mkdtempSync(join(tmpdir(), 'remora-sync-'));
  readonly #closers: (() => Promise<void>)[] = [];
  readonly authority: Authority;
  readonly store: FileGrantStore;
  /** Where pods are that are not in WORKLOAD, by UID. */
  readonly places = new Map<string, Pick<SidecarIdentity, 'namespace' | 'workloadKey'>>();
  /** How far the operators' clocks are ahead, in milliseconds. */
  aheadMs = 0;
  #grants = 0;

  private constructor(authority: Authority) {
    this.authority = authority;
    this.store = FileGrantStore.open(join(this.dir, 'books'));
  }

  static async open(): Promise<World> {
    return new World(await newAuthority());
  }

  onClose(closer: () => Promise<void>): void {
    this.#closers.unshift(closer);
  }

  /** The token of a pod is `token-<uid>`. Its port is nobody else's after it has stopped, so that another one can take its place. */
  async operator(port?: number, more: Pick<PushServerOptions, 'keepUsage'> = {}): Promise<TestOperator> {
    const seen = new Set<string>();
    const states = new Map<string, SidecarState>();
    const log = recordingLog();
    const usage: UsageRecord[] = [];
    const variants: SourceCounts[] = [];
    const treasury = new Treasury({
      store: this.store,
      now: Date.now,
      newId: () => {
        this.#grants += 1;
        return `grant-${this.#grants}`;
      },
    });
    const server = createPushServer({
      authenticate: async (token) => {
        const [, podUid] = /^token-(pod.*)$/.exec(token) ?? [];
        if (podUid === undefined) throw new Error(`the token ${token} is not valid`);
        const place = this.places.get(podUid) ?? { namespace: 'shop', workloadKey: WORKLOAD };
        return { podName: podUid, podUid, serviceAccount: 'app', ...place };
      },
      treasury,
      tls: { ...(await this.authority.issue(['localhost'])), caPem: this.authority.caPem },
      events: {
        onState: (state) => states.set(state.podUid, state),
        onDisconnect: (uid) => states.delete(uid),
        onVariants: (told) => variants.push(...told),
      },
      keepUsage: async (records) => {
        for (const record of records) {
          const key = `${record.instance} ${record.seq}`;
          if (!seen.has(key)) usage.push(record);
          seen.add(key);
        }
        return true;
      },
      log,
      now: () => performance.now() + this.aheadMs,
      ...more,
    });
    const [own = 0] = port === undefined ? await freePorts(1) : [port];
    const bound = await server.listen('127.0.0.1', own);
    let stopped = false;
    const stop = async (): Promise<void> => {
      if (stopped) return;
      stopped = true;
      await server.close();
      await treasury.close();
    };
    this.onClose(stop);
    return { server, port: bound, states, log, treasury, usage, variants, stop };
  }

  /** A client that is not started yet. */
  sidecar(podUid: string, port: number, overrides: Partial<SyncClientOptions> = {}): TestSidecar {
    const stateDir = join(this.dir, 'state', podUid);
    const tokenFile = join(this.dir, `token-${podUid}`);
    writeFileSync(tokenFile, `token-${podUid}\n`);
    const log = recordingLog();
    const shared = new SharedGates({ nowMs: () => performance.now(), timers: REAL_TIMERS, isAlone: false });
    const client = new SyncClient({
      address: `localhost:${port}`,
      caPem: this.authority.caPem,
      tokenFile,
      instance: `${podUid}.1`,
      build: 'test',
      lastKnownGood: openLastKnownGood(stateDir, log),
      outbox: { grants: () => [], pending: () => [], acknowledge: () => {} },
      unfit: () => [],
      shared: () => shared,
      log,
      random: () => 0.01,
      ...overrides,
    });
    this.onClose(() => client.close());
    return { podUid, sink: new RecordingSink(), client, log, stateDir };
  }

  started(podUid: string, port: number, overrides: Partial<SyncClientOptions> = {}): TestSidecar {
    const sidecar = this.sidecar(podUid, port, overrides);
    sidecar.client.start(sidecar.sink);
    return sidecar;
  }

  async close(): Promise<void> {
    for (const closer of this.#closers) await closer();
    await this.store.close();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

export const newAuthority = (): Promise<Authority> => {
  let kept: { certPem: string; keyPem: string } | undefined;
  return ensureAuthority({
    read: async () => kept,
    create: async (value) => {
      kept = value;
      return 'created';
    },
  });
};

export const published = (policy: Policy, credentials: Readonly<Record<string, string>> = {}) => ({
  policy,
  hash: policyHash(policy),
  credentials: new Map(Object.entries(credentials)),
});
