/** Which answers feedback can still be about: the newest ones, by the id of their request. Memory and no record: it ends with the process. */
import type { RequestRecord } from '#sidecar/telemetry/request-record';
import type { Arm } from './variant-board.ts';

/** Ids of some forty characters: two megabytes at most. */
const MOST_ANSWERS = 10_000;

/** What an app says of an answer. */
export interface Feedback {
  readonly requestId: string;
  /** From 0, worthless, to 1. */
  readonly score: number;
  readonly route: string;
  /** `provider/model` that answered. */
  readonly target: string;
  readonly variant?: string;
}

interface RatedAnswer extends Omit<Feedback, 'requestId' | 'score'> {
  readonly arm: Arm | undefined;
  isRated: boolean;
}

export class RatedAnswers {
  readonly #answers = new Map<string, RatedAnswer>();

  /** `arm`: absent where the rule has no variants. */
  remember({ requestId, route, answeredBy: target, variant }: RequestRecord, arm?: Arm): void {
    if (route === undefined || target === undefined) return;
    this.#answers.set(requestId, { route, target, ...(variant !== undefined && { variant }), arm, isRated: false });
    if (this.#answers.size <= MOST_ANSWERS) return;
    for (const [oldest] of this.#answers) {
      this.#answers.delete(oldest);
      return;
    }
  }

  /** `unknown`: no such answer is remembered. Only the first score of an answer counts; `again`: this is another one. */
  rate(requestId: string, score: number): Feedback | 'unknown' | 'again' {
    const answer = this.#answers.get(requestId);
    if (answer === undefined) return 'unknown';
    if (answer.isRated) return 'again';
    answer.isRated = true;
    const { arm, isRated: _, ...about } = answer;
    arm?.rated(score);
    return { requestId, score, ...about };
  }
}
