/** The parent of spenders: a treasury over files, and a provider with its own book. */
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PolicyBudget } from '#contract/policy/policy';
import { COMPILE_CACHE } from '#test/support/compile-cache';
import type { GrantAuthority } from '#treasury/grant-authority';
import { FileGrantStore } from '#treasury/stores/file/file-store';
import { Treasury } from '#treasury/treasury';
import { budgetOf, NOON } from './budgets.ts';
import type { FromSpender, SpenderAnswer, SpenderMode, SpenderOptions, ToSpender } from './spender-messages.ts';

const SPENDER = new URL('./spender.ts', import.meta.url);
export const SEED = 20261121;

/** A small generator (Park and Miller), so that a failing run can be made again. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

type Body<Kind extends FromSpender['body']['kind']> = Extract<FromSpender['body'], { kind: Kind }>;
export type Done = Body<'done'>;

export interface LifeOptions {
  readonly instance: string;
  readonly mode: SpenderMode;
  /** Those of one name come after each other on one disk. Default: that of the instance. */
  readonly journal?: string;
  /** Killed after so many answers of the provider. Default: it ends by itself. */
  readonly killAfter?: number;
  /** When it may end. Default: at once. */
  readonly mayEnd?: () => Promise<void>;
}

export class SpenderWorld {
  readonly folder = mkdtempSync(join(tmpdir(), 'remora-spenders-'));
  readonly #noonMs = Date.now();
  readonly #now = (): number => NOON + Date.now() - this.#noonMs;
  readonly store = FileGrantStore.open(join(this.folder, 'books'));
  readonly treasury = new Treasury({ store: this.store, now: this.#now, newId: () => randomUUID() });
  readonly billed = new Map<string, { atMost: number; tokens: number }>();
  readonly random = randomOf(SEED);
  readonly done: Done[] = [];
  readonly limit: bigint;
  readonly budget: PolicyBudget;
  readonly #children = new Set<ChildProcess>();

  constructor(limit: bigint) {
    this.limit = limit;
    this.budget = budgetOf('dev', limit);
  }

  /** Runs a spender; resolves when it is gone. */
  async life({
    instance,
    mode,
    journal = instance,
    killAfter = Number.POSITIVE_INFINITY,
    mayEnd,
  }: LifeOptions): Promise<void> {
    const options: SpenderOptions = {
      journal: join(this.folder, journal),
      instance,
      amount: String(this.limit),
      mode,
      noonMs: this.#noonMs,
    };
    const child = fork(SPENDER, [JSON.stringify(options)], {
      stdio: 'inherit',
      execArgv: [],
      // Only a guard: no spender needs so long.
      timeout: 60_000,
      env: { ...process.env, ...COMPILE_CACHE },
    });
    this.#children.add(child);
    const send = (message: ToSpender): void => void (child.connected && child.send(message, () => undefined));
    const authority = this.treasury.authorityFor(instance);
    authority.onRecall?.(({ id, window }) => send({ recall: { id, window } }));
    let left = killAfter;
    child.on('message', ({ id, body }: FromSpender) => {
      if (body.kind === 'generate') left -= 1;
      const answered = body.kind === 'quiet' ? (mayEnd?.() ?? Promise.resolve()) : this.#answer(authority, body);
      void answered.then((answer) => send({ id, ...answer }));
      if (left <= 0) child.kill('SIGKILL');
    });
    await new Promise<void>((resolve) => child.once('close', () => resolve()));
    this.#children.delete(child);
  }

  async close(): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL');
    await this.treasury.close();
    await this.store.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #answer(authority: GrantAuthority, body: FromSpender['body']): Promise<Omit<SpenderAnswer, 'id'>> {
    const budgetId = this.budget.id;
    if (body.kind === 'ask') {
      const answer = await authority.ask(this.budget, body.window, BigInt(body.needed));
      return { granted: answer.granted ? { id: answer.grant.id, amount: String(answer.grant.amount) } : null };
    }
    if (body.kind === 'giveBack')
      await authority.giveBack({ id: body.grantId, budgetId, window: body.window, amount: 0n }, BigInt(body.final));
    if (body.kind === 'shrink')
      authority.shrink?.({ id: body.id, budgetId, window: body.window, amount: BigInt(body.amount) });
    if (body.kind === 'generate') return { tokens: this.#bill(body) };
    if (body.kind === 'done') this.done.push(body);
    return {};
  }

  #bill({ requestId, atMost }: Body<'generate'>): number {
    assert.ok(!this.billed.has(requestId), 'a request was sent twice');
    const tokens = 1 + this.random(atMost);
    this.billed.set(requestId, { atMost, tokens });
    return tokens;
  }
}
