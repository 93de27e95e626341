/** Waits for room where a limit with onExceeded Queue has none for an attempt, which holds no place anywhere meanwhile. */
import type { LimitLines, LimitTicket } from '#sidecar/budget/limit-lines';
import { LimitRefused } from '#sidecar/budget/limit-refused';
import { LIMIT_PREFIX } from '#sidecar/pipeline/request-recorder';
import type { Turn } from './take-turn.ts';

export interface LimitQueue {
  readonly lines: LimitLines;
  /** Who may wait for one limit, or one partition of it, at one time. */
  readonly most: number;
}

/** Before the end of the whole request, so that it is told what it waited for. */
const LAST_WORDS_MS = 100;

/** Resolves when there may be room. Throws what is not waited for as it is, the refusal when there was no room in time, and the cause of a cancel. */
export async function waitForRoom(thrown: unknown, turn: Turn): Promise<void> {
  const { limitQueue } = turn.question.deps;
  if (limitQueue === undefined || !isWaitedFor(thrown, turn)) throw thrown;
  const { call, selection, log } = turn.question;
  const { scope, requestId, patienceMs } = call;
  const { lines, most } = limitQueue;
  const { budget } = thrown.facts;
  const before = log.queued?.waitedMs ?? 0;
  const told = (waitedMs: number, refused?: 'full' | 'late'): void => {
    const waitedFor = `${LIMIT_PREFIX}${budget.budget}/${budget.limit}`;
    log.queued = { priority: selection.priority, waitedMs: before + waitedMs, waitedFor, ...(refused && { refused }) };
  };
  const isFirst = !lines.isWaiting(budget.id, requestId);
  const ticket = lines.join(thrown.facts, requestId, patienceMs === undefined ? most : Number.MAX_SAFE_INTEGER);
  if (ticket === undefined) {
    told(0, 'full');
    throw inVain(thrown, `${most} requests of this pod wait for it already.`);
  }
  if (isFirst) scope.atEnd(() => lines.leave(budget.id, requestId));
  const waitMs = Math.min((patienceMs ?? budget.queueForMs ?? 0) - ticket.waitedMs, scope.remainingMs - LAST_WORDS_MS);
  const sinceMs = scope.deadlines.nowMs();
  let came = false;
  try {
    came = waitMs > 0 && (await scope.waitFor(waitMs, wokenBy(ticket)));
  } finally {
    const waitedMs = Math.round(scope.deadlines.nowMs() - sinceMs);
    ticket.waitedMs += waitedMs;
    told(waitedMs, came ? undefined : 'late');
    if (!came) lines.leave(budget.id, requestId);
  }
  if (came) return;
  throw inVain(thrown, `It waited ${ticket.waitedMs} ms for room and found none.`);
}

/** Beside another target nobody waits, and what is on trial has its turn over. */
const isWaitedFor = (thrown: unknown, { isAccompanied, isOnTrial }: Turn): thrown is LimitRefused =>
  thrown instanceof LimitRefused &&
  thrown.facts.budget.onExceeded === 'Queue' &&
  thrown.mayHaveRoom &&
  !isAccompanied &&
  !isOnTrial;

const wokenBy =
  (ticket: LimitTicket) =>
  (wake: () => void): void => {
    ticket.onCome = wake;
  };

const inVain = ({ details, facts }: LimitRefused, why: string): LimitRefused =>
  new LimitRefused({ ...details, message: `${details.message} ${why}` }, facts);
