/** Which answers feedback can still be about: the newest ones, by the id of their request. Memory and no record: it ends with the process. */
import type { RequestRecord } from '#sidecar/telemetry/request-record';
import type { Arm } from './arm.ts';

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

/** An answer that can be rated. */
class RatedAnswer {
  readonly route: string;
  readonly target: string;
  readonly variant: string | undefined;
  readonly arm: Arm | undefined;
  isRated = false;

  constructor(route: string, target: string, { variant }: RequestRecord, arm: Arm | undefined) {
    this.route = route;
    this.target = target;
    this.variant = variant;
    this.arm = arm;
  }
}

export class RatedAnswers {
  readonly #answers = new Map<string, RatedAnswer>();
  /** The ids in a ring: to ask the map for its oldest walks over all that were deleted. */
  readonly #ids: string[] = [];
  #next = 0;

  /** `arm`: absent where the rule has no variants. */
  remember(record: RequestRecord, arm?: Arm): void {
    const { requestId, route, answeredBy } = record;
    if (route === undefined || answeredBy === undefined) return;
    const oldest = this.#ids[this.#next];
    if (oldest !== undefined) this.#answers.delete(oldest);
    this.#ids[this.#next] = requestId;
    this.#next = (this.#next + 1) % MOST_ANSWERS;
    this.#answers.set(requestId, new RatedAnswer(route, answeredBy, record, arm));
  }

  /** `unknown`: no such answer is remembered. Only the first score of an answer counts; `again`: this is another one. */
  rate(requestId: string, score: number): Feedback | 'unknown' | 'again' {
    const answer = this.#answers.get(requestId);
    if (answer === undefined) return 'unknown';
    if (answer.isRated) return 'again';
    answer.isRated = true;
    const { route, target, variant } = answer;
    answer.arm?.rated(score);
    return { requestId, score, route, target, ...(variant !== undefined && { variant }) };
  }
}
