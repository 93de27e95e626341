/** Asks the authority for more of one budget in one window: one ask at a time, for all who wait, each of them answered. */
import type { PolicyBudget } from '#contract/policy/policy';
import { DeadlineExceeded, type Timers, withDeadline } from '#sidecar/time/timers';
import { type Grant, type GrantAnswer, type GrantAuthority, GrantRefused } from '#treasury/grant-authority';
import { budgetUnavailable, grantRefused, type UnavailableReason } from './refusal.ts';

export type Denial = Extract<GrantAnswer, { granted: false }>;
/** `granted`: reserve again, and come back if others were faster. */
export type GrantAskerAnswer = 'granted' | Denial;

export interface GrantAskerOptions {
  readonly authority: GrantAuthority;
  /** Takes a grant into the wallet; `exact` when it is no more than what was asked for. Throws when it cannot be journalled. */
  readonly accept: (grant: Grant, exact: boolean) => void;
  readonly now: () => number;
  readonly timers: Timers;
  readonly askDeadlineMs: number;
}

interface Waiter {
  readonly missing: bigint;
  readonly resolve: (answer: GrantAskerAnswer) => void;
  readonly reject: (error: unknown) => void;
}

interface Line {
  budget: PolicyBudget;
  readonly window: string;
  readonly waiters: Waiter[];
  asking: boolean;
  /** What was in hand when those who wait reckoned what they lack has been given back since. */
  recalled: boolean;
  /** What the last denial left; spares the authority a storm of asks at the cap. */
  denied: { readonly denial: Denial; readonly untilMs: number } | undefined;
}

const MAX_WAITERS = 10_000;
const REMEMBER_DENIAL_MS = 500;

/** What can still be granted after a denial; negative amounts count as nothing. */
export function leftOf({ limit, spent, held }: Denial): bigint {
  const left = limit - spent - held;
  return left > 0n ? left : 0n;
}

export class GrantAsker {
  readonly #options: GrantAskerOptions;
  readonly #lines = new Map<string, Line>();

  constructor(options: GrantAskerOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#lines.size;
  }

  /** Rejects with RemoraError `budget_unavailable` when the authority does not answer, or nothing can be journalled. */
  want(budget: PolicyBudget, window: string, missing: bigint): Promise<GrantAskerAnswer> {
    const line = this.#line(budget, window);
    const known = this.#knownDenial(line, missing);
    if (known !== undefined) return Promise.resolve(known);
    if (line.waiters.length >= MAX_WAITERS) return Promise.reject(budgetUnavailable(budget, 'slow'));
    return new Promise((resolve, reject) => {
      line.waiters.push({ missing, resolve, reject });
      if (!line.asking) void this.#serve(line);
    });
  }

  /** Something of the book was in hand and is no more: who waits lacks more than he said. */
  recalled({ budgetId, window }: { readonly budgetId: string; readonly window: string }): void {
    const line = this.#lines.get(lineName(budgetId, window));
    if (line?.asking) line.recalled = true;
  }

  /** Something of the book was given back: what the last denial said of it holds no more. */
  freed({ budgetId, window }: { readonly budgetId: string; readonly window: string }): void {
    const line = this.#lines.get(lineName(budgetId, window));
    if (line !== undefined) line.denied = undefined;
  }

  #line(budget: PolicyBudget, window: string): Line {
    const name = lineName(budget.id, window);
    const line = this.#lines.get(name) ?? {
      budget,
      window,
      waiters: [],
      asking: false,
      recalled: false,
      denied: undefined,
    };
    // The latest policy's amount is the one to ask under.
    line.budget = budget;
    if (!this.#lines.has(name)) this.#forgetIdle();
    this.#lines.set(name, line);
    return line;
  }

  /** A denial outlives its line's idleness while it is believed: with a line per user, another one's ask must not forget it. */
  #forgetIdle(): void {
    const nowMs = this.#options.now();
    for (const [name, { asking, waiters, denied }] of this.#lines) {
      const useful = asking || waiters.length > 0 || (denied !== undefined && denied.untilMs > nowMs);
      if (!useful) this.#lines.delete(name);
    }
  }

  #knownDenial({ denied, budget }: Line, missing: bigint): Denial | undefined {
    if (denied === undefined || denied.untilMs <= this.#options.now()) return undefined;
    const same = denied.denial.limit === BigInt(budget.amount);
    return same && missing > leftOf(denied.denial) ? denied.denial : undefined;
  }

  async #serve(line: Line): Promise<void> {
    line.asking = true;
    // All who come in the same tick share the first ask.
    await Promise.resolve();
    let needed = sum(line.waiters);
    // Whoever comes while the others are told is not in what is left to ask for.
    while (line.waiters.length > 0) needed = await this.#round(line, needed > 0n ? needed : sum(line.waiters));
    line.asking = false;
  }

  /** One ask and its answers; returns what to ask for next. */
  async #round(line: Line, needed: bigint): Promise<bigint> {
    line.recalled = false;
    try {
      const answer = await this.#ask(line, needed);
      if (!answer.granted) return this.#share(line, needed, answer);
      for (const waiter of line.waiters.splice(0)) waiter.resolve('granted');
    } catch (error) {
      const failure =
        error instanceof GrantRefused
          ? grantRefused(line.budget, error)
          : budgetUnavailable(line.budget, reasonOf(error), error);
      for (const waiter of line.waiters.splice(0)) waiter.reject(failure);
    }
    return sum(line.waiters);
  }

  /** A grant that comes after its deadline is taken all the same, for whoever asks next. */
  #ask({ budget, window }: Line, needed: bigint): Promise<GrantAnswer> {
    const { authority, timers, askDeadlineMs } = this.#options;
    const asked = authority.ask(budget, window, needed).then((answer) => {
      if (answer.granted) this.#accept(answer.grant, needed);
      return answer;
    });
    return withDeadline(timers, askDeadlineMs, asked);
  }

  #accept(grant: Grant, needed: bigint): void {
    try {
      this.#options.accept(grant, grant.amount <= needed);
    } catch (error) {
      throw new NotAccepted(error);
    }
  }

  /** Enough is left and yet it was denied: they need more than they asked for, or the window is not open. */
  #again(line: Line): bigint {
    if (!line.recalled) throw new NothingForWindow();
    for (const waiter of line.waiters.splice(0)) waiter.resolve('granted');
    return 0n;
  }

  /** Tells those who need more than is left, and asks again for as many of the others as fit, in their order. */
  #share(line: Line, needed: bigint, denial: Denial): bigint {
    const left = leftOf(denial);
    if (left >= needed) return this.#again(line);
    line.denied = { denial, untilMs: this.#options.now() + REMEMBER_DENIAL_MS };
    const others: Waiter[] = [];
    for (const waiter of line.waiters.splice(0)) {
      if (waiter.missing > left) waiter.resolve(denial);
      else others.push(waiter);
    }
    line.waiters.push(...others);
    return fitting(others, left);
  }
}

const lineName = (budgetId: string, window: string): string => `${budgetId} ${window}`;

class NotAccepted extends Error {
  constructor(cause: unknown) {
    super('a grant could not be journalled', { cause });
  }
}

/** A denial although enough is left: the window is not open at the treasury. */
class NothingForWindow extends Error {}

function reasonOf(error: unknown): Exclude<UnavailableReason, 'refused'> {
  if (error instanceof DeadlineExceeded) return 'slow';
  if (error instanceof NotAccepted) return 'journal';
  return error instanceof NothingForWindow ? 'clock' : 'unreachable';
}

const sum = (waiters: readonly Waiter[]): bigint => waiters.reduce((total, { missing }) => total + missing, 0n);

function fitting(waiters: readonly Waiter[], left: bigint): bigint {
  let total = 0n;
  for (const { missing } of waiters) {
    if (total + missing > left) break;
    total += missing;
  }
  return total;
}
